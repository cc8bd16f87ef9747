import { LogError } from './log-error.ts'
import type { FromLogThread } from './log-messages.ts'

type Reply = Extract<FromLogThread, { kind: 'state' | 'state-failed' }>

interface Request {
  readonly resolve: (rows: ReadonlyMap<string, string>) => void
  readonly reject: (error: Error) => void
}

/** Questions to the log thread for what a processor has saved. */
export class StateRequests {
  readonly #open = new Map<number, Request>()
  #last = 0

  /** `ask` sends the number with the question; the reply names it. */
  make(ask: (request: number) => void): Promise<ReadonlyMap<string, string>> {
    return new Promise((resolve, reject) => {
      const request = ++this.#last
      this.#open.set(request, { resolve, reject })
      ask(request)
    })
  }

  replied(reply: Reply): void {
    const asked = this.#open.get(reply.request)
    this.#open.delete(reply.request)
    if (reply.kind === 'state') asked?.resolve(new Map(reply.rows))
    else asked?.reject(new LogError('LOG_READ_FAILED', reply.message))
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#open.values()) reject(error)
    this.#open.clear()
  }
}
