import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { waitFor } from '../../test-support/wait-for.ts'
import { Ballast } from './ballast.ts'
import { freshDirectory } from './log-test-support.ts'

const MIB = 1024 * 1024
const PLENTY = 100 * MIB
const directory = freshDirectory()
afterAll(() => rmSync(directory, { recursive: true }))

it('counts a step when the disk has it, and takes one at a time', async () => {
  const path = join(directory, 'steps')
  const ballast = new Ballast(path)
  ballast.grow(8 * MIB, PLENTY, 0)
  ballast.grow(8 * MIB, PLENTY, 0)
  expect(ballast.bytes).toBe(0)
  await waitFor('the first step', () => ballast.bytes > 0)
  expect(ballast.bytes).toBe(MIB)
  expect(statSync(path).size).toBe(MIB)
  expect(new Ballast(path).bytes).toBe(MIB)
})

it('leaves alone a disk that has no more to spare', async () => {
  const ballast = new Ballast(join(directory, 'none'))
  ballast.grow(8 * MIB, 3 * MIB, 2.5 * MIB)
  ballast.grow(MIB, 3 * MIB, 2 * MIB)
  await waitFor('the second step', () => ballast.bytes > 0)
  expect(ballast.bytes).toBe(MIB)
})

it('knows what it has, whenever a piece is given up', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('grow', 'release', 'wait'), { maxLength: 12 }), async (steps) => {
      const path = join(directory, `any-${run++}`)
      const ballast = new Ballast(path)
      for (const step of steps) {
        if (step === 'grow') ballast.grow(3 * MIB, PLENTY, 0)
        else if (step === 'release') {
          const had = ballast.bytes
          expect(ballast.release()).toBe(had > 0)
          expect(ballast.bytes).toBe(Math.max(0, had - MIB / 2))
        }
        if (step === 'wait') await waitFor('the disk', () => ballast.bytes === statSync(path).size)
      }
      await waitFor('the disk', () => ballast.bytes === statSync(path).size)
      expect(ballast.bytes).toBeLessThanOrEqual(3 * MIB)
    }),
    { numRuns: 15 }
  )
})
