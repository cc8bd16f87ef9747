import type { DecoderMemory } from '../../firmware-protocols/codec.ts'
import type { EventLog } from '../log/event-log.ts'

export const DECODER_MEMORY = 'decoder-memory'
/** Tags with keys, and those that had one; what was renewed longest ago is forgotten first. */
const MAX_REMEMBERED = 100_000

/** What the decoders of all sources remember, kept in the log with the events of the frames that they remember. */
export interface DecoderMemories {
  of(sourceId: string): DecoderMemory
  /** What had been saved is known at last; what was remembered meanwhile is newer. */
  recall(saved: ReadonlyMap<string, string>): void
}

export function createDecoderMemories(
  log: Pick<EventLog, 'saveState'>,
  saved: ReadonlyMap<string, string>,
  maxRemembered = MAX_REMEMBERED
): DecoderMemories {
  const texts = new Map(saved)
  const forgetOldest = (): void => {
    const [oldest] = texts.keys()
    if (oldest === undefined) return
    texts.delete(oldest)
    log.saveState(DECODER_MEMORY, oldest, undefined)
  }
  return {
    of(sourceId) {
      // Ids of sources have no blanks.
      const keyOf = (name: string): string => `${sourceId} ${name}`
      return {
        recall: (name) => texts.get(keyOf(name)),
        *entries() {
          const prefix = keyOf('')
          for (const [key, text] of texts) if (key.startsWith(prefix)) yield [key.slice(prefix.length), text] as const
        },
        remember(name, text) {
          const key = keyOf(name)
          // Re-inserting keeps the map in order of the last renewal.
          texts.delete(key)
          texts.set(key, text)
          log.saveState(DECODER_MEMORY, key, text)
          if (texts.size > maxRemembered) forgetOldest()
        }
      }
    },
    recall(late) {
      for (const [key, text] of late) if (!texts.has(key)) texts.set(key, text)
    }
  }
}
