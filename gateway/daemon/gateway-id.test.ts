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

it('is drawn once and kept', () => {
  const data = join(folder, 'new', 'data')
  const drawn = gatewayId(data, undefined)
  expect(drawn).toMatch(/^gw-[0-9a-f]{10}$/)
  expect(gatewayId(data, undefined)).toBe(drawn)
  expect(readFileSync(join(data, 'gateway-id'), 'utf8')).toBe(`${drawn}\n`)
})
it('is the configured one where there is one', () => {
  expect(gatewayId(folder, 'hall-1')).toBe('hall-1')
})
it('is drawn anew where the file holds nothing usable', () => {
  writeFileSync(join(folder, 'gateway-id'), 'Not An Id\n')
  expect(gatewayId(folder, undefined)).toMatch(/^gw-/)
})
