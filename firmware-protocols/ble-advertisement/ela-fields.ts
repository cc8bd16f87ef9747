import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { addSignal } from './content-fields.ts'

/** What a state with a counter is about; `state` where the maker's name for the tag does not tell. */
export type CountedState = 'contact' | 'moving' | 'digital_input' | 'motion' | 'button_pressed' | 'state'

const PROBE_FAULT = 0x7fff
const UNKNOWN = -0x8000
/** 15 bits. */
const COUNT_MODULUS = 0x8000

/** Hundredths of a degree. */
export function setElaTemperature(raw: number, reading: Draft, extra: Extra): void {
  if (raw === PROBE_FAULT) extra['sensor_fault'] = true
  else if (raw !== UNKNOWN) reading.temperatureDegC = raw / 100
}

/** Bit 0 the state, above it how often it has changed: an edge that was not heard still shows in the count. */
export function setCountedState(what: CountedState, raw: number, reading: Draft, extra: Extra): void {
  const on = (raw & 1) === 1
  const count = raw >> 1
  extra[what] = on
  extra['event_count'] = count
  if (what === 'moving') {
    reading.moving = on
    reading.movementCount = count
    addSignal(reading, { kind: 'motion', form: 'counter', count, modulus: COUNT_MODULUS })
  } else if (what === 'button_pressed') addSignal(reading, { kind: 'button', form: 'counter', count, modulus: COUNT_MODULUS, active: on })
}
