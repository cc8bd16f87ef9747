import type { PipelineEvent } from '../processor.ts'
import { gaussian, runnerOf, SCENARIO_START_MS, seeded } from '../scenario-test-support.ts'
import { motionSchema } from './motion-settings.ts'
import { personMotion } from './person-motion.ts'

/** What a fix costs in processor time, the runner included: `node dist/gateway/pipeline/motion/person-motion.bench.js` prints one JSON line a number of people. */
const EVENTS = 200_000
for (const people of [100, 5_000, 100, 5_000]) {
  const random = seeded(1)
  const events = Array.from({ length: EVENTS }, (_, i): PipelineEvent<'PersonFix'> => {
    const round = Math.floor(i / people)
    const time = SCENARIO_START_MS + round * 200
    // Every other person walks for a minute, then stands for one.
    const x = i % 2 === 0 ? 0 : Math.floor(round / 600) * 60 + Math.min(round % 600, 300) * 0.2
    const position = { x: x + 0.1 * gaussian(random), y: 0.1 * gaussian(random), frame: 'hall' }
    const person = `person-${i % people}`
    return {
      type: 'PersonFix',
      key: person,
      time,
      data: { person, fix: { tag: 'sim:1', method: 'ranges', time, accuracyM: 0.15, position } }
    }
  })
  let told = 0
  const runner = runnerOf([personMotion(motionSchema.parse({}))], () => told++)
  const started = process.cpuUsage()
  for (const event of events) runner.feed(event, event.time - SCENARIO_START_MS)
  const { user, system } = process.cpuUsage(started)
  const microsPerEvent = (user + system) / EVENTS
  const stateBytes = Math.max(...[...runner.entries()].map(({ state }) => JSON.stringify(state).length))
  process.stdout.write(`${JSON.stringify({ people, microsPerEvent, told, stateBytes })}\n`)
}
