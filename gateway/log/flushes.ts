import { LANES, type Lane } from '../events/define-event.ts'

interface Flush {
  readonly targets: Readonly<Record<Lane, number>>
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Those who wait until everything that was appended before them is durable: up to the units of these ids. */
export class Flushes {
  #waiting: Flush[] = []

  /** While nothing becomes durable and nothing more is taken, many wait for the same, and get one promise. */
  wait(targets: Readonly<Record<Lane, number>>): Promise<void> {
    const last = this.#waiting.at(-1)
    if (last !== undefined && LANES.every((lane) => last.targets[lane] === targets[lane])) return last.promise
    let settle: Pick<Flush, 'resolve' | 'reject'> = { resolve: () => undefined, reject: () => undefined }
    const promise = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#waiting.push({ targets, promise, ...settle })
    return promise
  }

  /** Units up to these are durable. */
  settle(doneTo: Readonly<Record<Lane, number>>): void {
    const isDone = ({ targets }: Flush): boolean => LANES.every((lane) => doneTo[lane] >= targets[lane])
    const done = this.#waiting.filter(isDone)
    if (done.length === 0) return
    this.#waiting = this.#waiting.filter((flush) => !isDone(flush))
    for (const { resolve } of done) resolve()
  }

  reject(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
