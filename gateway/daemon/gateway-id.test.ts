import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type GatewayId, gatewayId, keepGatewayId } from './gateway-id.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-id-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const kept = (): string => readFileSync(join(folder, 'gateway-id'), 'utf8')
const nothing = (): undefined => undefined
/** As at a start. */
async function start(configured: string | undefined, recall: () => string | undefined = nothing): Promise<GatewayId> {
  const found = await gatewayId(folder, configured, recall)
  await keepGatewayId(folder, found.id)
  return found
}

it('is drawn once and kept', async () => {
  const { id, from } = await start(undefined)
  expect(id).toMatch(/^gw-[0-9a-f]{10}$/)
  expect(from).toBe('drawn')
  expect(await start(undefined)).toEqual({ id, from: 'file' })
  expect(kept()).toBe(`${id}\n`)
})
it('is the configured one where there is one, and stays that when the configuration no longer says', async () => {
  expect((await start('hall-1')).id).toBe('hall-1')
  expect(await start(undefined, () => 'hall-0')).toEqual({ id: 'hall-1', from: 'file' })
  expect((await start('hall-2')).id).toBe('hall-2')
  expect((await start(undefined)).id).toBe('hall-2')
})
it.each([undefined, 'Not An Id\n', ''])('is what the log has recorded under when its file is lost, and is kept again: %j', async (text) => {
  if (text !== undefined) writeFileSync(join(folder, 'gateway-id'), text)
  expect(await start(undefined, () => 'gw-0123456789')).toEqual({ id: 'gw-0123456789', from: 'log' })
  expect(kept()).toBe('gw-0123456789\n')
  expect(await start(undefined)).toEqual({ id: 'gw-0123456789', from: 'file' })
})
it.each(['Not An Id\n', '', '\0\0\0\0', 'gw-12345\ngw-6789\n'])('is never drawn anew because the file is damaged: %j', async (text) => {
  writeFileSync(join(folder, 'gateway-id'), text)
  await expect(start(undefined)).rejects.toMatchObject({
    code: 'GATEWAY_ID_DAMAGED',
    message: expect.stringMatching(/gateway-id is damaged.*set gateway\.id.*or delete/)
  })
  expect(kept()).toBe(text)
  expect((await start('hall-1')).id).toBe('hall-1')
  expect(kept()).toBe('hall-1\n')
})
it('is never drawn anew because the disk does not let the file be read', async () => {
  // A directory in its place: opening works, reading does not.
  mkdirSync(join(folder, 'gateway-id'))
  await expect(start(undefined)).rejects.toMatchObject({ code: 'EISDIR' })
})
