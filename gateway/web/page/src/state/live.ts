import { computed, signal } from '@preact/signals'
import type { AlarmView, Snapshot } from '../../../../state/snapshot.ts'
import { applyChange, type StateChange } from '../../../state-change.ts'

/** `connecting`: nothing seen yet; `lost`: what is shown is old. */
export type Link = 'connecting' | 'live' | 'lost'

export const link = signal<Link>('connecting')
export const state = signal<Snapshot | undefined>(undefined)
/** Frames a second of each source, smoothed. */
export const frameRates = signal<ReadonlyMap<string, number>>(new Map())
/** The newest alarm that came while the page was open: what a screen reader is told. */
export const newestAlarm = signal<AlarmView | undefined>(undefined)

/** `performance.now()` when the state came; ages go on from there whatever the clocks say. */
let receivedAt = 0
const pageNow = signal(performance.now())
setInterval(() => {
  pageNow.value = performance.now()
}, 1000)

/** The gateway's monotonic clock, as far as this page can tell, moving on once a second. */
export const gatewayNow = computed(() => {
  const { value } = state
  return value === undefined ? 0 : value.nowMono + Math.max(0, pageNow.value - receivedAt)
})

/** The gateway's wall clock, likewise. */
export const gatewayTime = computed(() => {
  const { value } = state
  return value === undefined ? 0 : value.time + Math.max(0, pageNow.value - receivedAt)
})

export function takeState(whole: Snapshot): void {
  receivedAt = performance.now()
  pageNow.value = receivedAt
  state.value = whole
  link.value = 'live'
}

export function takeChange(change: StateChange): void {
  const before = state.value
  if (before === undefined) return
  const after = applyChange(before, change)
  frameRates.value = ratesBetween(before, after)
  takeState(after)
}

export function takeAlarm(alarm: AlarmView): void {
  newestAlarm.value = alarm
  const before = state.value
  if (before === undefined || before.alarms.some(({ id }) => id === alarm.id)) return
  state.value = { ...before, alarms: [alarm, ...before.alarms].slice(0, 50) }
}

function ratesBetween(before: Snapshot, after: Snapshot): ReadonlyMap<string, number> {
  const seconds = (after.nowMono - before.nowMono) / 1000
  if (seconds <= 0) return frameRates.value
  const framesBefore = new Map(before.sources.map((source) => [source.id, source.counters.frames]))
  const rates = new Map<string, number>()
  for (const { id, counters } of after.sources) {
    const rate = Math.max(0, counters.frames - (framesBefore.get(id) ?? counters.frames)) / seconds
    const smoothed = frameRates.value.get(id)
    rates.set(id, smoothed === undefined ? rate : smoothed + 0.3 * (rate - smoothed))
  }
  return rates
}
