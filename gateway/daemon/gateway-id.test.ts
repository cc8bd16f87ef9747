import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
function start(configured: string | undefined, recall: () => string | undefined = nothing): GatewayId {
  const found = gatewayId(folder, configured, recall)
  keepGatewayId(folder, found.id)
  return found
}

it('is drawn once and kept', () => {
  const { id, recalled } = start(undefined)
  expect(id).toMatch(/^gw-[0-9a-f]{10}$/)
  expect(recalled).toBe(false)
  expect(start(undefined)).toEqual({ id, recalled: false })
  expect(kept()).toBe(`${id}\n`)
})
it('is the configured one where there is one, and stays that when the configuration no longer says', () => {
  expect(start('hall-1').id).toBe('hall-1')
  expect(start(undefined, () => 'hall-0')).toEqual({ id: 'hall-1', recalled: false })
  expect(start('hall-2').id).toBe('hall-2')
  expect(start(undefined).id).toBe('hall-2')
})
it.each([undefined, 'Not An Id\n', ''])('is what the log has recorded under when its file is lost, and is kept again: %j', (text) => {
  if (text !== undefined) writeFileSync(join(folder, 'gateway-id'), text)
  expect(start(undefined, () => 'gw-0123456789')).toEqual({ id: 'gw-0123456789', recalled: true })
  expect(kept()).toBe('gw-0123456789\n')
  expect(start(undefined)).toEqual({ id: 'gw-0123456789', recalled: false })
})
it.each(['Not An Id\n', '', '\0\0\0\0', 'gw-12345\ngw-6789\n'])('is never drawn anew because the file is damaged: %j', (text) => {
  writeFileSync(join(folder, 'gateway-id'), text)
  expect(() => start(undefined)).toThrow(
    expect.objectContaining({
      code: 'GATEWAY_ID_DAMAGED',
      message: expect.stringMatching(/gateway-id is damaged.*set gateway\.id.*or delete/)
    })
  )
  expect(kept()).toBe(text)
  expect(start('hall-1').id).toBe('hall-1')
  expect(kept()).toBe('hall-1\n')
})
