import { expect, it } from 'vitest'
import { describeWithOwnKafka } from '../kafka/describe-with-kafka.ts'
import { runChaos } from './chaos.ts'

describeWithOwnKafka('no loss, in short', () => {
  it('through kills, a broker that goes, a restored copy and a deleted database', { timeout: 400_000 }, async () => {
    const said: string[] = []
    const { report, acknowledged } = await runChaos({
      kills: 4,
      brokerStops: 1,
      ratePerSecond: 200,
      qos: 1,
      seed: 7,
      say: (line) => said.push(line)
    })
    expect(acknowledged).toBeGreaterThan(1_000)
    expect(report.totals).toMatchObject({ lost: 0, neverLogged: 0, misordered: 0, duplicatesAfterHighWater: 0 })
    expect(report.ok).toBe(true)
    // One life, one after the restored copy, one after the deletion.
    expect(new Set(report.lanes.map(({ epoch }) => epoch)).size).toBe(3)
    expect(said).toContain('the database is deleted')
  })
})
