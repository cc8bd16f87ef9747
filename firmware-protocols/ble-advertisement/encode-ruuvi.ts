import { STANDARD_GRAVITY_MPS2 } from '../kit/gravity.ts'
import { fromHex } from '../kit/hex.ts'
import type { Reading } from '../reading.ts'
import { RAW_V2_LENGTH } from './ruuvi-raw-v2.ts'

const steps = (value: number | null | undefined, step: number, offset: number, absent: number): number =>
  value === undefined || value === null ? absent : Math.round((value - offset) / step)

/** The payload of a RuuviTag RAWv2 frame behind the company id, for simulators and tests; absent fields as "not available". */
export function encodeRuuviRawV2(reading: Reading): Uint8Array {
  const payload = new Uint8Array(RAW_V2_LENGTH)
  const view = new DataView(payload.buffer)
  view.setUint8(0, 5)
  view.setInt16(1, steps(reading.temperatureDegC, 0.005, 0, -0x8000))
  view.setUint16(3, steps(reading.humidityPct, 0.0025, 0, 0xffff))
  view.setUint16(5, steps(reading.pressurePa, 1, 50_000, 0xffff))
  for (let axis = 0; axis < 3; axis++)
    view.setInt16(7 + 2 * axis, steps(reading.accelMps2?.[axis], STANDARD_GRAVITY_MPS2 / 1000, 0, -0x8000))
  view.setUint16(13, (steps(reading.batteryV, 0.001, 1.6, 0x7ff) << 5) | steps(reading.txPowerDbm, 2, -40, 0x1f))
  view.setUint8(15, reading.movementCount ?? 0xff)
  view.setUint16(16, reading.sequence ?? 0xffff)
  payload.set(fromHex(reading.tag ?? 'ffffffffffff')?.subarray(0, 6) ?? [], 18)
  return payload
}
