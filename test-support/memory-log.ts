import type { GatewayEvent } from '../gateway/events/define-event.ts'
import type { EventLog } from '../gateway/log/event-log.ts'

/** A log in memory whose commits the test makes: for tests of what stands before the log. */
export interface MemoryLog extends Pick<EventLog, 'append' | 'saveState' | 'loadState' | 'flush'> {
  readonly events: GatewayEvent[]
  readonly state: Map<string, Map<string, string>>
  commit(): void
}

export function createMemoryLog(state = new Map<string, Map<string, string>>()): MemoryLog {
  const events: GatewayEvent[] = []
  let waiting: (() => void)[] = []
  return {
    events,
    state,
    append(event, onDurable) {
      events.push(JSON.parse(JSON.stringify(event)) as GatewayEvent)
      if (onDurable !== undefined) waiting.push(onDurable)
    },
    saveState(processor, key, value) {
      const table = state.get(processor) ?? new Map<string, string>()
      state.set(processor, table)
      if (value === undefined) table.delete(key)
      else table.set(key, value)
    },
    loadState: (processor) => Promise.resolve(new Map(state.get(processor) ?? [])),
    flush: () => new Promise((resolve) => waiting.push(resolve)),
    commit() {
      const done = waiting
      waiting = []
      for (const callback of done) callback()
    }
  }
}
