import type { AlarmView, Snapshot } from '../../../../state/snapshot.ts'
import type { StateChange } from '../../../state-change.ts'
import { link, takeAlarm, takeChange, takeState } from './live.ts'

/** The gateway says something every second; this long without anything, and what is shown can no longer be trusted. */
const SILENCE_LIMIT_MS = 4000
const RETRY_MS = 2000

/**
 * Follows the live stream for as long as the page is open. EventSource gives up for good on some answers and does not notice a
 * dead link at all, so it is watched and opened anew here.
 */
export function startConnection(): void {
  let source: EventSource | undefined
  let heardAt = performance.now()

  const heard = (): void => {
    heardAt = performance.now()
  }
  const open = (): void => {
    source?.close()
    source = new EventSource('/api/events')
    heard()
    source.addEventListener('state', (message) => {
      heard()
      takeState(JSON.parse(message.data) as Snapshot)
    })
    source.addEventListener('change', (message) => {
      heard()
      takeChange(JSON.parse(message.data) as StateChange)
    })
    source.addEventListener('alarm', (message) => {
      heard()
      takeAlarm(JSON.parse(message.data) as AlarmView)
    })
    source.addEventListener('error', () => {
      link.value = link.value === 'connecting' ? 'connecting' : 'lost'
      source?.close()
      source = undefined
      setTimeout(open, RETRY_MS)
    })
  }
  setInterval(() => {
    if (source === undefined || performance.now() - heardAt < SILENCE_LIMIT_MS) return
    link.value = 'lost'
    open()
  }, 1000)
  open()
}
