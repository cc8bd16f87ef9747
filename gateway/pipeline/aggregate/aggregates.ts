import type { EventData, EventType } from '../event-data.ts'
import { type AnyProcessor, type Context, defineProcessor, type PipelineEvent } from '../processor.ts'
import type { AggregatesConfig } from './aggregate-settings.ts'
import { PERSONS, readerOf, type Values } from './metrics.ts'
import { addValue, closeWindows, newSeries, nextEnd, type Series, type WindowShape } from './panes.ts'
import { zoneMeasurements } from './zone-measurements.ts'

/** A key without open windows is forgotten after this; a clock that was turned back by less tells no window twice. */
const FORGET_AFTER_MS = 86_400_000

type Of = AggregatesConfig[number]['of']
type Reader = (event: PipelineEvent) => number | undefined

/** One metric over one kind of window. */
interface Declared extends WindowShape {
  /** Names its series in the state, whatever else is declared. */
  readonly name: string
  readonly metric: string
  readonly latenessMs: number
  readonly read: Reader
}

interface Summed {
  readonly series: Record<string, Series>
}

/** Processors for what is declared; none where nothing is. */
export function aggregates(config: AggregatesConfig): readonly AnyProcessor[] {
  const processors: AnyProcessor[] = []
  for (const of of ['tag', 'person', 'zone'] as const) {
    // Declared twice it is told once.
    const named = config.filter((each) => each.of === of).flatMap((each) => declarations(each).map((one) => [one.name, one] as const))
    const declared = [...new Map(named).values()]
    if (declared.length === 0) continue
    const taken = takenBy(of, declared)
    if (taken.includes('ZoneMeasurement')) processors.push(zoneMeasurements())
    processors.push(summing(of, declared, taken))
  }
  return processors
}

/** Fixes, the most frequent events, only where a speed is wanted. */
function takenBy(of: Of, declared: readonly Declared[]): readonly EventType[] {
  const isAnyOf = (test: (metric: string) => boolean): boolean => declared.some(({ metric }) => test(metric))
  if (of === 'zone') {
    return [
      ...(isAnyOf((metric) => metric !== PERSONS) ? (['ZoneMeasurement'] as const) : []),
      ...(isAnyOf((metric) => metric === PERSONS) ? (['PersonsInZone'] as const) : [])
    ]
  }
  const hasSpeed = isAnyOf((metric) => metric === 'speedMps')
  if (of === 'tag') return hasSpeed ? ['TagInfo', 'TagMovement'] : ['TagInfo']
  return hasSpeed ? ['WornInfo', 'PersonFix'] : ['WornInfo']
}

function hasValue(declared: readonly Declared[], event: PipelineEvent): boolean {
  for (const each of declared) if (each.read(event) !== undefined) return true
  return false
}

function declarations({ metrics, windowS, everyS = windowS, latenessS }: AggregatesConfig[number]): readonly Declared[] {
  const windowMs = windowS * 1_000
  const slideMs = everyS * 1_000
  const latenessMs = latenessS * 1_000
  const maxPanes = Math.ceil((windowMs + latenessMs) / slideMs) + 2
  return metrics.map((metric) => ({
    name: `${metric}/${windowMs}/${slideMs}/${latenessMs}`,
    metric,
    windowMs,
    slideMs,
    latenessMs,
    maxPanes,
    read: reading(metric)
  }))
}

function reading(metric: string): Reader {
  if (metric === PERSONS) return (event) => (event.type === 'PersonsInZone' ? (event.data as EventData['PersonsInZone']).number : undefined)
  const read = readerOf(metric)
  return (event) => {
    const values = valuesOf(event)
    return values === undefined ? undefined : read(values)
  }
}

/** What was measured; undefined: nothing, or it repeats what was measured before. */
function valuesOf({ type, data }: PipelineEvent): Values | undefined {
  switch (type) {
    case 'TagInfo':
    case 'TagMovement':
      return fresh(data as EventData['TagInfo'])
    case 'WornInfo':
      return fresh((data as EventData['WornInfo']).info)
    case 'ZoneMeasurement':
      return fresh((data as EventData['ZoneMeasurement']).info)
    case 'PersonFix':
      return data as EventData['PersonFix']
    default:
      return undefined
  }
}

function fresh(info: Values & Pick<EventData['TagInfo'], 'stale' | 'redelivered'>): Values | undefined {
  return info.stale === true || info.redelivered === true ? undefined : info
}

function summing(of: Of, declared: readonly Declared[], taken: readonly EventType[]): AnyProcessor {
  const names = new Set(declared.map(({ name }) => name))
  return defineProcessor<EventType, 'TelemetryAggregate', Summed, 'close'>({
    name: `aggregate-${of}`,
    title: `Sums up values of each ${of} over windows of time`,
    in: taken,
    out: ['TelemetryAggregate'],
    timers: ['close'],
    version: 1,
    key: (event) => (hasValue(declared, event) ? event.key : undefined),
    initial: () => ({ series: {} }),
    process(event, state, context) {
      let begun = false
      const { wallMs } = context
      for (const each of declared) {
        const value = each.read(event)
        if (value === undefined) continue
        let series = state.series[each.name]
        if (series === undefined) {
          series = newSeries()
          state.series[each.name] = series
          // Also where its first value is late: the key is to be forgotten again.
          begun = true
        }
        const watermark = wallMs - each.latenessMs
        // Due already where the clock was put forward: the timer was set by the clock as it went before.
        if ((nextEnd(series, each) ?? watermark + 1) <= watermark) tellClosed(of, each, series, context)
        if (addValue(series, each, event.time, value, watermark)) begun = true
      }
      if (begun) wait(state, declared, context)
    },
    onTimer(_name, state, context) {
      for (const name of Object.keys(state.series)) if (!names.has(name)) delete state.series[name]
      let open = false
      for (const each of declared) {
        const series = state.series[each.name]
        if (series === undefined) continue
        if (series.panes.length > 0) open = true
        tellClosed(of, each, series, context)
      }
      if (open) wait(state, declared, context)
      else context.drop()
    }
  })
}

function tellClosed(of: Of, each: Declared, series: Series, context: Context<'TelemetryAggregate', 'close'>): void {
  closeWindows(series, each, context.wallMs - each.latenessMs, ({ from, to, late, ...values }) => {
    context.emit('TelemetryAggregate', {
      key: context.key,
      time: to,
      data: {
        of,
        id: context.key,
        metric: each.metric,
        windowFrom: from,
        windowTo: to,
        ...values,
        ...(late > 0 ? { late } : {})
      }
    })
  })
}

/** Until the next window is over, by the wall clock as it goes now; without an open window until the key is forgotten. */
function wait({ series }: Summed, declared: readonly Declared[], context: Context<'TelemetryAggregate', 'close'>): void {
  let afterMs = FORGET_AFTER_MS
  let isOpen = false
  for (const each of declared) {
    const own = series[each.name]
    const end = own === undefined ? undefined : nextEnd(own, each)
    if (end === undefined) continue
    const ms = end + each.latenessMs - context.wallMs
    afterMs = isOpen ? Math.min(afterMs, ms) : ms
    isOpen = true
  }
  context.setTimer('close', context.nowMs + afterMs)
}
