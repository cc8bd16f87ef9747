import type { Codec, CommandEncoder, EncodedCommand } from '../firmware-protocols/codec.ts'
import type { CommandAnswer, Reading } from '../firmware-protocols/reading.ts'
import type { Command, DriverContext, DriverSink, SendOptions, SendOutcome } from './driver.ts'
import { limitedSend } from './limited-send.ts'

type DeskContext = Pick<DriverContext, 'clock' | 'sink'>

/**
 * Hands the bytes to the link; resolves when the link takes no more part in it. `settled` is aborted when nobody waits any more, an
 * answer being the best reason. Rejects with a DriverError whose code is told.
 */
export type WriteCommand = (
  encoded: EncodedCommand,
  reached: (stage: 'accepted' | 'delivered') => void,
  settled: AbortSignal
) => Promise<void>

/** Commands that may wait for their answers at a time. */
const MAX_WAITING = 1000

const waitingKey = (tag: string | undefined, id: string): string => `${tag ?? ''} ${id}`

/**
 * Commands on their way to tags: encodes them, hands them to the link, and waits for the answers among the readings that
 * come in. One for each run of a source; `sink` takes the place of the context's.
 */
export class CommandDesk {
  readonly sink: DriverSink
  readonly #clock: DriverContext['clock']
  readonly #encoder: CommandEncoder | undefined
  readonly #waiting = new Map<string, (answer: CommandAnswer) => void>()

  constructor(codec: Codec, { clock, sink }: DeskContext) {
    this.#clock = clock
    this.#encoder = codec.createEncoder?.()
    this.sink =
      this.#encoder === undefined
        ? sink
        : {
            deliver: (delivery) => {
              sink.deliver(delivery)
              if (this.#waiting.size > 0) for (const reading of delivery.readings) this.#take(reading)
            }
          }
  }

  /** Whether the protocol carries commands at all. */
  get hasCommands(): boolean {
    return this.#encoder !== undefined
  }

  /** `ended`: aborted when the run is over. Keeps the promises of `DriverRun.send`. */
  send(target: string, command: Command, options: SendOptions, ended: AbortSignal, write: WriteCommand): Promise<SendOutcome> {
    const encoded = this.#encoder?.encode(target, command, { sentAt: this.#clock.wallMs() })
    if (encoded === undefined) return Promise.resolve({ stage: 'unsupported' })
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.resolve({
        stage: 'failed',
        code: 'SEND_TOO_MANY',
        why: `${MAX_WAITING} commands of this source wait for their answers`
      })
    return limitedSend(this.#clock, options, ended, async ({ onStage, signal }) => {
      let reached: 'accepted' | 'delivered' = 'accepted'
      const { answerId } = encoded
      // Before the bytes leave: a tag may be quicker than the link's own confirmation.
      const answer = answerId === undefined ? undefined : this.#answerTo(waitingKey(target, answerId), signal)
      const tell = (stage: 'accepted' | 'delivered'): void => {
        reached = stage
        onStage?.(stage)
      }
      const written = write(encoded, tell, signal)
      if (answer === undefined) {
        await written
        return { stage: reached }
      }
      // A link that fails ends the wait; one that is done leaves it to the answer.
      const { accepted, why } = await Promise.race([answer, written.then(() => answer)])
      return accepted ? { stage: 'acknowledged' } : { stage: 'failed', code: 'COMMAND_REFUSED', why: why ?? 'the tag refused it' }
    })
  }

  #answerTo(key: string, signal: AbortSignal): Promise<CommandAnswer> {
    return new Promise((resolve) => {
      this.#waiting.set(key, resolve)
      // Whatever ends the attempt, its place is free again.
      signal.addEventListener('abort', () => this.#waiting.delete(key))
    })
  }

  #take({ tag, stale, commandAnswers }: Reading): void {
    if (commandAnswers === undefined || stale === true) return
    for (const answer of commandAnswers) this.#waiting.get(waitingKey(tag, answer.id))?.(answer)
  }
}
