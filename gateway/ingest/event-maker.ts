import type { Delivery } from '../../drivers/driver.ts'
import type { Range, Reading } from '../../firmware-protocols/reading.ts'
import type { GatewayClock } from '../clock/gateway-clock.ts'
import type { GatewayEvent, Lane } from '../events/define-event.ts'
import { tagId } from '../events/tag-id.ts'

/** A reading on its way to becoming events, with everything that its frame did not say itself. */
export interface Heard {
  readonly source: string
  readonly namespace: string
  readonly delivery: Delivery
  readonly reading: Reading
}

export type Stamp = Pick<GatewayClock, 'bootId' | 'quality'>

export function makeEvent(stamp: Stamp, heard: Heard, type: string, lane: Lane, key: string, time: number, data: object): GatewayEvent {
  return {
    type,
    lane,
    key,
    time,
    source: heard.source,
    receivedAt: heard.delivery.receivedAt,
    clockQuality: stamp.quality(),
    bootId: stamp.bootId,
    monotonicMs: heard.delivery.monotonicMs,
    data
  }
}

/**
 * When it happened: arrival, except that stale data keeps its own time. A device's stamp drives nothing else, because
 * tags' clocks are wrong more often than the gateway's.
 */
export function eventTime(heard: Heard): number {
  const { reading, delivery } = heard
  return reading.stale === true && reading.deviceTime !== undefined && reading.deviceTime < delivery.receivedAt
    ? reading.deviceTime
    : delivery.receivedAt
}

/** A fix that can be used; what the protocol marks as unusable never becomes a movement. */
export function isMovement(reading: Reading): boolean {
  return (
    reading.usable !== false &&
    (reading.position !== undefined || reading.geo !== undefined || (reading.ranges !== undefined && reading.ranges.length > 0))
  )
}

/** Something beside a fix: sensor values, presence, or at least the news that the tag was heard. */
export function isInfo(reading: Reading): boolean {
  return (
    !isMovement(reading) ||
    reading.batteryPct !== undefined ||
    reading.batteryV !== undefined ||
    reading.temperatureDegC !== undefined ||
    reading.humidityPct !== undefined ||
    reading.pressurePa !== undefined ||
    reading.accelMps2 !== undefined ||
    reading.gyroRadps !== undefined ||
    reading.accelWindow !== undefined ||
    reading.movementCount !== undefined ||
    reading.moving !== undefined ||
    reading.charging !== undefined ||
    reading.heartRateBpm !== undefined ||
    reading.spo2Pct !== undefined ||
    reading.helmetWorn !== undefined ||
    reading.illuminanceLux !== undefined ||
    reading.co2Ppm !== undefined ||
    reading.gases !== undefined ||
    reading.txPowerDbm !== undefined ||
    reading.online !== undefined
  )
}

/*
 * Below: one object literal per event, in a fixed order of keys. `undefined` members vanish in the JSON, and bodies of one
 * shape share one skeleton in the log's blocks. Hot path: no spreads, no intermediate arrays.
 */

/** What every event says of the frame that it came from, set on the data that say the rest. `extra`: what vendors add. */
export function withFrame(data: Record<string, unknown>, { reading, delivery }: Heard, extra: Reading['extra']): object {
  data['sequence'] = reading.sequence
  data['deviceTime'] = reading.deviceTime
  data['stale'] = reading.stale === true ? true : undefined
  data['redelivered'] = delivery.redelivered === true ? true : undefined
  data['receiver'] = reading.receiver ?? delivery.receiver
  data['rssiDbm'] = reading.rssiDbm ?? delivery.rssiDbm
  data['extra'] = extra
  return data
}

export function movementData(heard: Heard, tag: string): object {
  const { reading } = heard
  const data = {
    tag,
    position: reading.position,
    geo: reading.geo,
    ranges: reading.ranges === undefined ? undefined : namedRanges(heard.namespace, reading.ranges),
    quality: reading.quality,
    accuracyM: reading.accuracyM,
    speedMps: reading.speedMps,
    courseDeg: reading.courseDeg,
    headingDeg: reading.headingDeg,
    velocityMps: reading.velocityMps,
    floor: reading.floor
  }
  return withFrame(data, heard, reading.extra)
}

function namedRanges(namespace: string, ranges: readonly Range[]): object[] {
  return ranges.map((range) => ({ ...range, anchor: tagId(namespace, range.anchor) }))
}

export function infoData(heard: Heard, tag: string): object {
  const { reading } = heard
  const moves = isMovement(reading)
  const data = {
    tag,
    batteryPct: reading.batteryPct,
    batteryV: reading.batteryV,
    temperatureDegC: reading.temperatureDegC,
    humidityPct: reading.humidityPct,
    pressurePa: reading.pressurePa,
    accelMps2: reading.accelMps2,
    gyroRadps: reading.gyroRadps,
    accelWindow: reading.accelWindow,
    movementCount: reading.movementCount,
    moving: reading.moving,
    charging: reading.charging,
    heartRateBpm: reading.heartRateBpm,
    spo2Pct: reading.spo2Pct,
    helmetWorn: reading.helmetWorn,
    illuminanceLux: reading.illuminanceLux,
    co2Ppm: reading.co2Ppm,
    gases: reading.gases,
    txPowerDbm: reading.txPowerDbm,
    online: reading.online,
    headingDeg: moves ? undefined : reading.headingDeg,
    quality: moves ? undefined : reading.quality,
    speedMps: moves ? undefined : reading.speedMps,
    courseDeg: moves ? undefined : reading.courseDeg,
    unusableFix:
      moves || (reading.position === undefined && reading.geo === undefined) ? undefined : { position: reading.position, geo: reading.geo }
  }
  // The movement has said what vendors add.
  return withFrame(data, heard, moves ? undefined : reading.extra)
}

export function deviceData(heard: Heard, device: string): object {
  const { reading } = heard
  const data = {
    device,
    online: reading.online,
    running: reading.running,
    batteryPct: reading.batteryPct,
    batteryV: reading.batteryV,
    temperatureDegC: reading.temperatureDegC,
    humidityPct: reading.humidityPct,
    pressurePa: reading.pressurePa,
    illuminanceLux: reading.illuminanceLux,
    co2Ppm: reading.co2Ppm,
    gases: reading.gases
  }
  return withFrame(data, heard, reading.extra)
}
