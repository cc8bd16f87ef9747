import { expect, it } from 'vitest'
import type { StorageState } from './event-log.ts'
import { NoRoomError } from './log-error.ts'
import { StorageHealth } from './storage-health.ts'

it('is well again only when what had failed succeeds, and says each change once', () => {
  const changes: StorageState[] = []
  const health = new StorageHealth((storage) => changes.push(storage))
  health.failed('telemetry', 'full', new NoRoomError(), 1000)
  health.succeeded('alarm')
  health.failed('telemetry', 'full', new NoRoomError(), 1250)
  health.succeeded('gaps')
  expect(health.storage).toBe('full')
  health.failed('house', 'failing', new Error('disk I/O error'), 1300)
  expect([health.storage, health.error]).toEqual(['failing', 'disk I/O error'])
  health.succeeded('alarm')
  health.succeeded('telemetry')
  expect(health.storage).toBe('ok')
  expect(changes).toEqual(['full', 'failing', 'full', 'ok'])
})

it('holds back nothing but what has failed', () => {
  const health = new StorageHealth(() => undefined)
  health.failed('gaps', 'full', new NoRoomError(), 1000)
  expect(health.mayTry('telemetry', 1001)).toBe(true)
  expect(health.mayTry('gaps', 1001)).toBe(false)
  expect(health.mayTry('gaps', 2000)).toBe(true)
})
