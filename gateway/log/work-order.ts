/** What brings events: each is one transaction of its lane, or of what the forwarder has told. In the order of their urgency. */
export const COMMITS = ['alarm', 'told-by-forwarder', 'telemetry'] as const
/** What keeps the house, in the order of its urgency. Each is one bounded step. */
export const CHORES = ['gaps', 'cursors', 'swap-in', 'checkpoint', 'room'] as const

export type Commit = (typeof COMMITS)[number]
export type Chore = (typeof CHORES)[number]
export type Step = Commit | Chore
export const STEPS: readonly Step[] = [...COMMITS, ...CHORES]

/**
 * The order in which the log thread does what is due, one step at a time, looking for new alarms before each. It bounds what an
 * event waits for, whatever else there is to do:
 *
 * - An alarm waits for the step under way; where that is a commit of alarms, for one chore more. (All alarms that wait are one commit.)
 * - With no alarm and nothing told by the forwarder, the first unit of telemetry waits for at most two steps: the one under way and
 *   one chore. Between two commits there is never more than one chore.
 * - A chore waits for one commit: however much comes in, the house is kept.
 */
export class WorkOrder {
  #last: Step | undefined

  /** The step to take now; undefined: nothing is due. */
  next(isDue: (step: Step) => boolean): Step | undefined {
    this.#last = this.#pick(isDue)
    return this.#last
  }

  #pick(isDue: (step: Step) => boolean): Step | undefined {
    const last = this.#last
    if (last !== 'alarm' && isDue('alarm')) return 'alarm'
    const commit = COMMITS.find(isDue)
    const chore = CHORES.find(isDue)
    if (commit === undefined || chore === undefined) return commit ?? chore
    return COMMITS.some((each) => each === last) ? chore : commit
  }
}
