import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { DiskUnusableError, LogError } from '../log/log-error.ts'
import type { EventLogHandle } from '../log/open-event-log.ts'
import { GatewayStorage } from './gateway-storage.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-storage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function create(refusals: Error[], configuredId?: string): { readonly storage: GatewayStorage; readonly openedAs: string[] } {
  const openedAs: string[] = []
  const storage = new GatewayStorage({
    dataDir: join(folder, 'data'),
    configuredId,
    logger: createMemoryLogger(),
    openLog: (id) => {
      openedAs.push(id)
      const refusal = refusals.shift()
      return refusal === undefined ? Promise.resolve({} as EventLogHandle) : Promise.reject(refusal)
    }
  })
  return { storage, openedAs }
}
const file = (): string => join(folder, 'data', 'gateway-id')

it('goes by an id drawn for the time being only until the disk says another, and never writes it over that one', async () => {
  const { openedAs, storage } = create([new DiskUnusableError('failing', 'no disk yet')])
  const drawn = storage.gatewayId
  await expect(storage.open()).rejects.toMatchObject({ code: 'LOG_DISK_UNUSABLE' })
  expect([storage.gatewayId, existsSync(file())]).toEqual([drawn, false])
  // The disk is mounted.
  writeFileSync(file(), 'hall-7\n')
  await storage.open()
  expect(openedAs).toEqual([drawn, 'hall-7'])
  expect([storage.gatewayId, readFileSync(file(), 'utf8')]).toEqual(['hall-7', 'hall-7\n'])
})

it('keeps the id that it drew when nobody knows another', async () => {
  const { storage } = create([new DiskUnusableError('full', 'full')])
  const drawn = storage.gatewayId
  await expect(storage.open()).rejects.toThrow()
  await storage.open()
  expect([storage.gatewayId, readFileSync(file(), 'utf8')]).toEqual([drawn, `${drawn}\n`])
})

it('leaves the id of a gateway alone that has the log open', async () => {
  await create([], 'hall-1').storage.open()
  await expect(create([new LogError('LOG_IN_USE', 'another program')], 'hall-2').storage.open()).rejects.toMatchObject({
    code: 'LOG_IN_USE'
  })
  expect(readFileSync(file(), 'utf8')).toBe('hall-1\n')
})

it('says so when the data directory cannot be made', async () => {
  writeFileSync(join(folder, 'data'), '')
  await expect(create([]).storage.open()).rejects.toMatchObject({ code: 'LOG_OPEN_FAILED' })
})
