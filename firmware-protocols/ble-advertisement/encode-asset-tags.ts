/** Payloads behind their company id or service UUID, for simulators and tests. */

export interface EyeValues {
  readonly temperatureDegC?: number | undefined
  readonly humidityPct?: number | undefined
  readonly magnet?: boolean | undefined
  readonly movement?: { readonly moving: boolean; readonly count: number } | undefined
  readonly angle?: { readonly pitchDeg: number; readonly rollDeg: number } | undefined
  readonly lowBattery?: boolean
  readonly batteryV?: number | undefined
}

/** Teltonika EYE, company 089A. */
export function encodeEye({ temperatureDegC, humidityPct, magnet, movement, angle, lowBattery, batteryV }: EyeValues): Uint8Array {
  const bytes = [1, 0]
  let flags = lowBattery === true ? 0x40 : 0
  const announce = (bit: number): void => {
    flags |= bit
  }
  if (temperatureDegC !== undefined) {
    announce(0x01)
    pushBig(bytes, Math.round(temperatureDegC * 100), 2)
  }
  if (humidityPct !== undefined) {
    announce(0x02)
    bytes.push(humidityPct)
  }
  if (magnet !== undefined) announce(magnet ? 0x0c : 0x04)
  if (movement !== undefined) {
    announce(0x10)
    pushBig(bytes, movement.count + (movement.moving ? 0x8000 : 0), 2)
  }
  if (angle !== undefined) {
    announce(0x20)
    bytes.push(angle.pitchDeg & 0xff)
    pushBig(bytes, angle.rollDeg, 2)
  }
  if (batteryV !== undefined) {
    announce(0x80)
    bytes.push(Math.round(batteryV * 100) - 200)
  }
  bytes[1] = flags
  return Uint8Array.from(bytes)
}

export interface KkmValues {
  readonly batteryV: number
  readonly temperatureDegC: number
  readonly humidityPct: number
  readonly opened: boolean
}

/** Mask 0017 of KKM's sensor frame: battery, temperature, humidity, alarm. */
export function encodeKkmFields({ batteryV, temperatureDegC, humidityPct, opened }: KkmValues): Uint8Array {
  const bytes: number[] = []
  pushBig(bytes, Math.round(batteryV * 1000), 2)
  pushBig(bytes, Math.round(temperatureDegC * 256), 2)
  pushBig(bytes, Math.round(humidityPct * 256), 2)
  bytes.push(opened ? 1 : 0)
  return Uint8Array.from(bytes)
}

export interface TriggerValues {
  /** 0 single press, 1 double, 2 long, 3 inactivity. */
  readonly way: number
  readonly triggered: boolean
  readonly count: number
  readonly deviceId: Uint8Array
}

/** MOKO trigger, service FEE0. */
export function encodeMokoTrigger({ way, triggered, count, deviceId }: TriggerValues): Uint8Array {
  return Uint8Array.of(0x20 + way, triggered ? 2 : 0, count >> 8, count & 0xff, ...deviceId, 4, 0)
}

function pushBig(bytes: number[], value: number, count: number): void {
  for (let shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes.push((value >> shift) & 0xff)
}
