import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { gatewayId } from './gateway-id.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagward-id-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const kept = (data: string): string => readFileSync(join(data, 'gateway-id'), 'utf8')

it('is drawn once and kept', () => {
  const data = join(folder, 'new', 'data')
  const { id, before } = gatewayId(data, undefined)
  expect(id).toMatch(/^gw-[0-9a-f]{10}$/)
  expect(before).toBeUndefined()
  expect(gatewayId(data, undefined)).toEqual({ id, before: undefined })
  expect(kept(data)).toBe(`${id}\n`)
})
it('is the configured one where there is one, and stays that when the configuration no longer says', () => {
  expect(gatewayId(folder, 'hall-1')).toEqual({ id: 'hall-1', before: undefined })
  expect(gatewayId(folder, 'hall-1')).toEqual({ id: 'hall-1', before: undefined })
  expect(gatewayId(folder, undefined)).toEqual({ id: 'hall-1', before: undefined })
})
it('tells what it was when the configuration changes it, once', () => {
  gatewayId(folder, 'hall-1')
  expect(gatewayId(folder, 'hall-2')).toEqual({ id: 'hall-2', before: 'hall-1' })
  expect(gatewayId(folder, 'hall-2')).toEqual({ id: 'hall-2', before: undefined })
})
it.each(['Not An Id\n', '', '\0\0\0\0', 'gw-12345\ngw-6789\n'])('is never drawn anew because the file is damaged: %j', (text) => {
  writeFileSync(join(folder, 'gateway-id'), text)
  expect(() => gatewayId(folder, undefined)).toThrow(
    expect.objectContaining({
      code: 'GATEWAY_ID_DAMAGED',
      message: expect.stringMatching(/gateway-id is damaged.*set gateway\.id.*or delete/)
    })
  )
  expect(kept(folder)).toBe(text)
  expect(gatewayId(folder, 'hall-1')).toEqual({ id: 'hall-1', before: undefined })
  expect(kept(folder)).toBe('hall-1\n')
})
