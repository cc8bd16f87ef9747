import { type Zone, zoneSchema } from '../../site/site-model.ts'
import { zoneMap } from '../../site/zones/zone-map.ts'
import type { PipelineEvent } from '../processor.ts'
import { gaussian, runnerOf, SCENARIO_START_MS, seeded } from '../scenario-test-support.ts'
import { personZones } from './person-zones.ts'
import { PERSONS_IN_ZONE } from './persons-in-zone.ts'
import { zoneCrossingSchema } from './zone-settings.ts'

/**
 * What a fix costs in processor time, the runner and the counting included: `node dist/gateway/pipeline/zones/person-zones.bench.js` prints one JSON line
 * a number of zones. Rooms of 10 m, four levels deep (site, hall, aisle, room), people who walk.
 */
const EVENTS = 200_000
const PEOPLE = 5_000

const box = (id: string, x: number, y: number, width: number, height: number, parent?: string): Zone =>
  zoneSchema.parse({
    id,
    frame: 'plant',
    parent,
    polygon: [
      [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height]
      ]
    ]
  })

function zonesOf(count: number): readonly Zone[] {
  const aisles = Math.max(1, Math.round(Math.sqrt(count)))
  const perAisle = Math.ceil((count - 2 - aisles) / aisles)
  const width = perAisle * 10
  return [
    box('site', 0, 0, width, aisles * 10),
    box('hall', 0, 0, width, aisles * 10, 'site'),
    ...Array.from({ length: aisles }, (_, n) => box(`aisle-${n}`, 0, n * 10, width, 10, 'hall')),
    ...Array.from({ length: aisles * perAisle }, (_, n) => {
      const aisle = Math.floor(n / perAisle)
      return box(`room-${n}`, (n % perAisle) * 10, aisle * 10, 10, 10, `aisle-${aisle}`)
    })
  ]
}

for (const count of [10, 1_000, 10, 1_000]) {
  const random = seeded(1)
  const zones = zonesOf(count)
  const [, , [maxX, maxY] = [0, 0]] = zones[0]?.polygon[0] ?? []
  const walkers = Array.from({ length: PEOPLE }, () => ({
    x: random() * maxX,
    y: random() * maxY,
    dx: (random() - 0.5) * 0.4,
    dy: (random() - 0.5) * 0.4
  }))
  const events = Array.from({ length: EVENTS }, (_, i): PipelineEvent<'PersonFix'> => {
    const walker = walkers[i % PEOPLE] ?? { x: 0, y: 0, dx: 0, dy: 0 }
    walker.x = (walker.x + walker.dx + maxX) % maxX
    walker.y = (walker.y + walker.dy + maxY) % maxY
    const time = SCENARIO_START_MS + Math.floor(i / PEOPLE) * 200
    const position = { x: walker.x + 0.1 * gaussian(random), y: walker.y + 0.1 * gaussian(random), frame: 'plant' }
    const person = `person-${i % PEOPLE}`
    return {
      type: 'PersonFix',
      key: person,
      time,
      data: { person, fix: { tag: 'sim:1', method: 'ranges', time, accuracyM: 0.15, position } }
    }
  })
  let told = 0
  const settings = zoneCrossingSchema.parse({ fenceTimeoutMs: 60_000 })
  const runner = runnerOf([personZones(zoneMap(zones, [], new Map()), settings), PERSONS_IN_ZONE], () => told++)
  // The first fixes let everybody in: that is not what is measured.
  for (const event of events.slice(0, PEOPLE)) runner.feed(event, event.time - SCENARIO_START_MS)
  told = 0
  const started = process.cpuUsage()
  for (const event of events.slice(PEOPLE)) runner.feed(event, event.time - SCENARIO_START_MS)
  const { user, system } = process.cpuUsage(started)
  const stateBytes = [...runner.entries()]
    .filter(({ processor }) => processor === 'person-zones')
    .map(({ state }) => JSON.stringify(state).length)
  process.stdout.write(
    `${JSON.stringify({ zones: zones.length, microsPerFix: (user + system) / (EVENTS - PEOPLE), told, stateBytes: Math.max(...stateBytes) })}\n`
  )
}
