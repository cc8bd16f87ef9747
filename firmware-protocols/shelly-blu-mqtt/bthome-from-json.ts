import { finiteNumber, type JsonObject } from '../kit/json.ts'

/** How a value of the script goes back into an object of BTHome v2: id, bytes, raw steps a unit. */
interface ObjectForm {
  readonly id: number
  readonly length: 1 | 2 | 3
  readonly signed: boolean
  readonly steps: number
}

const form = (id: number, length: 1 | 2 | 3, steps = 1, signed = false): ObjectForm => ({ id, length, signed, steps })

/** Names of Shelly's scripts. */
const FORMS: ReadonlyMap<string, ObjectForm> = new Map([
  ['pid', form(0x00, 1)],
  ['battery', form(0x01, 1)],
  ['temperature', form(0x02, 2, 100, true)],
  ['humidity', form(0x03, 2, 100)],
  ['illuminance', form(0x05, 3, 100)],
  ['door', form(0x1a, 1)],
  ['moisture', form(0x14, 2, 100)],
  ['motion', form(0x21, 1)],
  ['vibration', form(0x2c, 1)],
  ['window', form(0x2d, 1)],
  ['button', form(0x3a, 1)],
  ['rotation', form(0x3f, 2, 10, true)],
  ['distance_mm', form(0x40, 2)]
])

export const SCRIPT_NAMES: ReadonlySet<string> = new Set(FORMS.keys())

const BTHOME_V2_PLAIN = 0x40

/**
 * The BTHome v2 payload, not encrypted, that a script took apart; a list is several objects of one kind. Put together again it
 * goes through the same reader as what is heard from the air. A value that no object can hold is left out.
 */
export function bthomePayload(values: JsonObject): Uint8Array {
  const bytes = [BTHOME_V2_PLAIN]
  for (const [name, objectForm] of FORMS) {
    const value = values[name]
    for (const item of Array.isArray(value) ? value.slice(0, 16) : [value]) append(bytes, objectForm, rawOf(name, item, objectForm.steps))
  }
  return Uint8Array.from(bytes)
}

function append(bytes: number[], { id, length, signed }: ObjectForm, raw: number | undefined): void {
  const limit = 2 ** (8 * length)
  if (raw === undefined || raw >= (signed ? limit / 2 : limit) || raw < (signed ? -limit / 2 : 0)) return
  bytes.push(id)
  for (let i = 0; i < length; i++) bytes.push((raw >> (8 * i)) & 0xff)
}

/** One build of the script reads two bytes for a button: the press is in the lower. */
function rawOf(name: string, item: unknown, steps: number): number | undefined {
  const value = typeof item === 'boolean' ? Number(item) : finiteNumber(item)
  if (value === undefined) return undefined
  return name === 'button' ? value & 0xff : Math.round(value * steps)
}
