import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CHORES, COMMITS, STEPS, type Step, WorkOrder } from './work-order.ts'

const isCommit = (step: Step) => COMMITS.some((each) => each === step)

/** Before each step some things become due; steps taken are done, but for those that have more to do. */
const histories = fc.array(fc.record({ arrives: fc.uniqueArray(fc.constantFrom(...STEPS)), more: fc.boolean() }), { maxLength: 200 })

function stepsOf(history: readonly { readonly arrives: readonly Step[]; readonly more: boolean }[]) {
  const order = new WorkOrder()
  const due = new Set<Step>()
  return history.map(({ arrives, more }) => {
    for (const step of arrives) due.add(step)
    const before = new Set(due)
    const step = order.next((each) => due.has(each))
    if (step !== undefined && !more) due.delete(step)
    return { due: before, step }
  })
}

it('takes what is due, and something whenever anything is', () => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const { due, step } of stepsOf(history)) {
        if (step === undefined) expect(due.size).toBe(0)
        else expect(due.has(step)).toBe(true)
      }
    })
  )
})

it('lets an alarm wait for one chore at the most, and never for telemetry', () => {
  fc.assert(
    fc.property(histories, (history) => {
      let before: Step | undefined
      for (const { due, step } of stepsOf(history)) {
        if (due.has('alarm') && step !== 'alarm') {
          expect(before).toBe('alarm')
          expect(CHORES).toContain(step)
        }
        before = step
      }
    })
  )
})

it('puts one chore between two commits, and one commit between two chores, while both are due', () => {
  fc.assert(
    fc.property(histories, (history) => {
      let before: Step | undefined
      for (const { due, step } of stepsOf(history)) {
        const both = [...due].some(isCommit) && [...due].some((each) => !isCommit(each))
        if (both && before !== undefined && step !== undefined && step !== 'alarm') expect(isCommit(step)).toBe(!isCommit(before))
        before = step
      }
    })
  )
})

it('goes by urgency', () => {
  const order = new WorkOrder()
  const due = new Set<Step>(STEPS)
  const taken: (Step | undefined)[] = []
  for (;;) {
    const step = order.next((each) => due.has(each))
    if (step === undefined) break
    due.delete(step)
    taken.push(step)
  }
  expect(taken).toEqual(['alarm', 'gaps', 'told-by-forwarder', 'cursors', 'telemetry', 'swap-in', 'checkpoint', 'room'])
})
