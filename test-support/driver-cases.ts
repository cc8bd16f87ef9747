import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Delivery, type Driver, DriverError, type DriverRun } from '../drivers/driver.ts'
import { findCodec } from '../firmware-protocols/registry.ts'
import { createMemoryLogger } from './memory-logger.ts'
import { systemClock } from './system-clock.ts'
import { waitFor } from './wait-for.ts'

/** One step of a case: what the other side does. Its keys are the driver's. */
export type CaseStep = Readonly<Record<string, unknown>>

/** The other side of one case. */
export interface CaseWorld {
  /** What of the settings is known only now: port, URL. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Does one step. What it answers is compared with the step's `answer`. */
  play(step: CaseStep): Promise<unknown>
  tearDown(): Promise<void>
}

interface Expected {
  /** Of all deliveries, in order; fields that are not named may be anything. */
  readonly readings?: readonly object[]
  readonly counters?: object
  /** Code with which the start fails. */
  readonly error?: string
}

/**
 * Cases of a driver as files, so that a report from a site becomes a folder and no code: `testcases/<name>/` with `config.yaml` (the source
 * as in a configuration, without what names the other side), `input.yaml` (a list of steps) and `expected.yaml`.
 */
export function describeDriverCases<Settings>(
  folder: string,
  driver: Driver<Settings>,
  createWorld: (steps: readonly CaseStep[]) => Promise<CaseWorld>
): void {
  const root = join('drivers', folder, 'testcases')
  const read = (name: string, file: string): unknown => parse(readFileSync(join(root, name, file), 'utf8'))

  describe(`cases of ${driver.kind}`, () => {
    const undo: (() => Promise<unknown>)[] = []
    afterEach(async () => {
      for (const step of undo.splice(0).reverse()) await step()
    })

    it('are there', () => expect(readdirSync(root).length).toBeGreaterThan(0))

    it.each(readdirSync(root))('%s', async (name) => {
      const { driver: kind, protocol, ...own } = read(name, 'config.yaml') as { driver: string; protocol: string } & Record<string, unknown>
      const steps = existsSync(join(root, name, 'input.yaml')) ? (read(name, 'input.yaml') as CaseStep[]) : []
      const expected = read(name, 'expected.yaml') as Expected
      expect(kind).toBe(driver.kind)
      const world = await createWorld(steps)
      undo.push(() => world.tearDown())
      const deliveries: Delivery[] = []
      const counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
      const run: DriverRun = driver.createRun(driver.settings.parse({ ...world.settings, ...own }), findCodec(protocol), {
        sourceId: 'case',
        clock: systemClock,
        log: createMemoryLogger(),
        counters,
        signal: new AbortController().signal,
        sink: {
          deliver(delivery) {
            deliveries.push(delivery)
            delivery.onDurable?.()
          }
        },
        degraded: () => undefined,
        failed: () => undefined
      })
      undo.push(() => run.stop())
      const failure = await run.start().then(
        () => undefined,
        (error: unknown) => error
      )
      if (failure !== undefined && !(failure instanceof DriverError)) throw failure
      expect(failure?.code).toBe(expected.error)
      for (const step of failure === undefined ? steps : []) {
        const answer = await world.play(step)
        if (step['answer'] !== undefined) expect(answer).toMatchObject(Object(step['answer']))
      }
      await waitFor('what is expected has come', () => {
        expect(counters).toMatchObject(expected.counters ?? {})
        expect(deliveries.flatMap(({ readings }) => readings)).toMatchObject([...(expected.readings ?? [])])
        return true
      })
    })
  })
}
