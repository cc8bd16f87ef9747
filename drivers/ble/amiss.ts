/** What is amiss with a run, by what it concerns; tells the whole of it whenever it changes. */
export class Amiss {
  readonly #texts = new Map<string, string>()
  readonly #tell: (why: string) => void

  constructor(tell: (why: string) => void) {
    this.#tell = tell
  }

  /** Empty text: all well again. */
  set(concern: string, why: string): void {
    if ((this.#texts.get(concern) ?? '') === why) return
    if (why === '') this.#texts.delete(concern)
    else this.#texts.set(concern, why)
    this.#tell([...this.#texts.values()].join('; '))
  }
}
