import type { StateEntry } from './log-messages.ts'

/**
 * State that travels with an alarm overtakes telemetry that waits, with the state of earlier turns in it. This keeps an
 * older value from being written over a newer one.
 */
export class StateOrder {
  readonly #turns = new Map<string, number>()

  /** These were committed with an alarm. */
  overtook(states: readonly StateEntry[]): void {
    for (const { processor, key, turn } of states) this.#turns.set(`${processor}\0${key}`, turn)
  }

  /** Those of a telemetry unit that nothing newer has overtaken. Units come in order of their turns. */
  stillNewest(states: readonly StateEntry[]): readonly StateEntry[] {
    if (this.#turns.size === 0 || states.length === 0) return states
    const newest = states.filter(({ processor, key, turn }) => (this.#turns.get(`${processor}\0${key}`) ?? 0) <= turn)
    const oldest = Math.min(...states.map(({ turn }) => turn))
    for (const [name, turn] of this.#turns) if (turn < oldest) this.#turns.delete(name)
    return newest
  }
}
