import { atOrigin, levelFrame } from '../../site/georeference/level-frame.ts'
import type { EventData, EventType } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import type { AnyProcessor, PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { bind } from './bind.ts'
import { locate } from './locate.ts'
import { placePerson } from './place-person.ts'
import { tellPerson } from './tell-person.ts'

/**
 * What an event costs from the tag to the person: `node dist/gateway/pipeline/translate/translate.bench.js` prints one JSON line a measurement.
 */

const START = 1_790_000_000_000
const ANCHORS = [0, 1, 2, 3, 4, 5].map((n) => ({ id: `a${n}`, frame: 'hall', x: (n % 3) * 30, y: Math.floor(n / 3) * 40, z: 3 }))
const RECEIVERS = [0, 1, 2, 3].map((n) => ({ id: `r${n}`, frame: 'hall', x: n * 10, y: 5, z: 3 }))

type Kind = 'given' | 'smoothed' | 'ranges' | 'receivers' | 'info'

function dataOf(kind: Kind, tag: string, n: number): EventData['TagMovement'] | EventData['TagInfo'] {
  const [x, y] = [5 + (n % 50), 5 + (n % 30)]
  if (kind === 'info') return { tag, batteryPct: 60, heartRateBpm: 60 + (n % 40) }
  if (kind === 'receivers') return { tag, receiver: `r${n % 4}`, rssiDbm: -60 - (n % 20) }
  if (kind === 'ranges')
    return { tag, ranges: ANCHORS.map((each) => ({ anchor: each.id, rangeM: Math.hypot(x - each.x, y - each.y, 1.8) })) }
  return { tag, position: { x, y, z: 1.2 }, quality: 80 }
}

function measure(kind: Kind, tags: number, processors: readonly AnyProcessor[]): void {
  let told = 0
  const inputs: readonly EventType[] = ['TagMovement', 'TagInfo', 'TagAlert', 'DirectoryChanged', 'ZoneEntered', 'ZoneLeft']
  const sinks: readonly EventType[] = ['TagFix', 'PersonFix', 'PersonUnplaced', 'PersonMovement', 'PersonTelemetry', 'PersonAlert']
  const runner = new PipelineRunner({
    topology: joinTopology(processors, { inputs, sinks }),
    onOutput: () => {
      told += 1
    },
    wallAt: (nowMs) => START + nowMs,
    onFault: (name, key, error) => process.stdout.write(`${name} ${key} ${String(error)}\n`)
  })
  const ids = Array.from({ length: tags }, (_, n) => `pans:${n.toString(16)}`)
  for (const tag of ids) {
    const data: EventData['DirectoryChanged'] = { by: 'site', at: START, change: { kind: 'bound', tag, person: `p-${tag}` } }
    runner.feed({ type: 'DirectoryChanged', key: 'gw', time: START, data }, 0)
  }
  const type = kind === 'info' || kind === 'receivers' ? 'TagInfo' : 'TagMovement'
  // Each tag sends five times a second at the most, and all together a steady stream.
  const stepMs = 200 / tags
  const total = kind === 'ranges' || kind === 'smoothed' || kind === 'receivers' ? 100_000 : 400_000
  let [started, measured] = [process.cpuUsage(), 0]
  for (let n = 0; n < total; n++) {
    if (n === total / 4) [started, measured, told] = [process.cpuUsage(), 0, 0]
    const tag = ids[n % tags] ?? ''
    const nowMs = Math.floor(n * stepMs)
    const event = { type, key: tag, time: START + nowMs, source: kind === 'smoothed' ? 'smooth' : 'uwb', data: dataOf(kind, tag, n) }
    runner.feed(event as PipelineEvent, nowMs)
    measured += 1
  }
  // Time of the processor: others may be at work on the machine.
  const { user, system } = process.cpuUsage(started)
  const micros = (user + system) / measured
  process.stdout.write(
    `${JSON.stringify({ kind, tags, processors: processors.map(({ name }) => name).join(' → '), microsPerEvent: Number(micros.toFixed(2)), toldPerEvent: Number((told / measured).toFixed(2)) })}\n`
  )
}

const LOCATE = locate({
  site: { anchor: ANCHORS, receiver: RECEIVERS, floor: [] },
  georeferences: new Map([['hall', levelFrame({ lat: 50, lon: 8, alt: 100 }, atOrigin(30))]]),
  sources: { uwb: { frame: 'hall' }, smooth: { frame: 'hall', smooth: true } }
})

for (const tags of [100, 5_000, 10_000]) measure('given', tags, [LOCATE])
for (const tags of [100, 5_000, 10_000]) measure('given', tags, [LOCATE, bind(), placePerson(), tellPerson()])
for (const kind of ['info', 'smoothed', 'ranges', 'receivers'] as const) measure(kind, 5_000, [LOCATE, bind(), placePerson(), tellPerson()])
