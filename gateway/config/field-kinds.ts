import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { written } from '../../firmware-protocols/kit/setting-marks.ts'

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Names that go into topics, keys and file names. */
export const nameSchema = z.string().regex(NAME, '1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end')

export const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12
}
const SIZE = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$/

/** A number of bytes, or a text such as `16 GiB`. */
export function byteSizeSchema(minBytes: number, defaultText: string, description: string) {
  return z
    .union([z.int(), z.string().regex(SIZE, { error: 'a number of bytes, or a text such as "16 GiB"', abort: true })])
    .transform((size) => bytesOf(size))
    .refine((bytes) => bytes >= minBytes, { error: `is less than the least possible, ${minBytes / 2 ** 20} MiB`, abort: true })
    .prefault(defaultText)
    .meta({ description, examples: [defaultText], ...written('a number of bytes, or a text with a unit') })
}

function bytesOf(size: number | string): number {
  if (typeof size === 'number') return size
  const [, count = '0', unit = 'B'] = SIZE.exec(size) ?? []
  return Math.round(Number(count) * (BYTE_UNITS[unit] ?? 1))
}

/** `localhost` and the addresses that reach no further than this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
