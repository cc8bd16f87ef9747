import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal, SignalKind } from '../reading.ts'

/**
 * Kinds of alarm by number (SPECIFICATION.md, section 4). What happens in a moment is told by its count, so that no
 * loss of messages hides one; what lasts is told by its level, and ends when the tag says so.
 */
const KINDS: readonly (SignalKind | undefined)[] = [
  undefined,
  'sos',
  'fall',
  'impact',
  'motionless',
  'helmet-off',
  'gas',
  'tamper',
  'low-battery',
  'button'
]
const MOMENTARY: ReadonlySet<SignalKind> = new Set<SignalKind>(['sos', 'fall', 'impact', 'button'])
const ENTRY_BYTES = 4
const COUNT_MODULUS = 256
const ON = 1

/** Buttons are counted from 1, and a tag with one may say 0; of all else 0 says that the tag has one of the kind. */
const nameOf = (kind: SignalKind, slot: number): string | undefined => {
  if (kind === 'button') return slot === 0 ? '1' : String(slot)
  return slot === 0 ? undefined : String(slot)
}

/** Written out: spreading objects for every alarm costs more than all the rest of a message. */
function alarmSignal(kind: SignalKind, named: string | undefined, on: boolean, count: number, boot: number): Signal {
  const momentary = MOMENTARY.has(kind)
  if (named === undefined)
    return momentary ? { kind, form: 'counter', count, modulus: COUNT_MODULUS, active: on, boot } : { kind, form: 'level', on }
  if (momentary) return { kind, slot: named, form: 'counter', count, modulus: COUNT_MODULUS, active: on, boot }
  return { kind, slot: named, form: 'level', on }
}

/** 06: n × { kind u8, slot u8, bits u8: 0 on; count u8 }. False: no whole entries. */
export function readAlarms(draft: Draft & { extra: Extra }, bytes: Uint8Array, at: number, end: number): boolean {
  if ((end - at) % ENTRY_BYTES !== 0) return false
  const signals: Signal[] = [...(draft.signals ?? [])]
  const boot = Number(draft.extra['boot_count'] ?? 0) & 0xffff
  const told = [...((draft.extra['alarms'] ?? []) as { kind: string; slot: number; on: boolean; count: number }[])]
  for (let from = at; from < end; from += ENTRY_BYTES) {
    const number = bytes[from] ?? 0
    const kind = KINDS[number]
    const slot = bytes[from + 1] ?? 0
    const on = ((bytes[from + 2] ?? 0) & ON) !== 0
    const count = bytes[from + 3] ?? 0
    if (kind !== undefined) signals.push(alarmSignal(kind, nameOf(kind, slot), on, count, boot))
    told.push({ kind: kind ?? `kind_${number}`, slot, on, count })
  }
  if (signals.length > 0) draft.signals = signals
  if (told.length > 0) draft.extra['alarms'] = told
  return true
}
