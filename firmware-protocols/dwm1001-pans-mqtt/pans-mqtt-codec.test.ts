import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecodeResult } from '../codec.ts'
import { toHex } from '../kit/hex.ts'
import { utf8Bytes } from '../kit/text.ts'
import {
  encodePansConfig,
  encodePansData,
  encodePansGateway,
  encodePansLocation,
  encodePansStatus,
  type PansMessage
} from './encode-pans.ts'
import { dwm1001PansMqtt } from './pans-mqtt-codec.ts'

const decode = (message: PansMessage): DecodeResult =>
  dwm1001PansMqtt.createDecoder().decode(utf8Bytes(message.payload), { topic: message.topic })
const id = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16).padStart(4, '0'))
const metres = fc.double({ min: -500, max: 500, noNaN: true }).map((value) => value || 0)
const position = fc.record({ x: metres, y: metres, z: metres }).filter(({ x, y, z }) => x !== 0 || y !== 0 || z !== 0)
const prefix = fc.constantFrom('dwm', 'site/hall-1', 'node/a/uplink', '')

describe('PANS over MQTT', () => {
  it('reads back every location that a gateway publishes', () => {
    fc.assert(
      fc.property(
        id,
        prefix,
        position,
        fc.integer({ min: 1, max: 100 }),
        fc.nat(65_535),
        fc.integer({ min: 1, max: 4e12 }),
        (tag, at, where, quality, superframe, timeMs) => {
          const result = decode(encodePansLocation({ prefix: at, id: tag, position: where, quality, superframe, timeMs }))
          expect(result).toMatchObject({
            kind: 'readings',
            readings: [{ tag, position: where, quality, deviceTime: timeMs, extra: { superframe } }]
          })
          expect(JSON.stringify(result)).not.toContain('usable')
        }
      )
    )
  })

  it('reads back no fix, status, data, configuration and gateway', () => {
    fc.assert(
      fc.property(
        id,
        fc.boolean(),
        fc.integer({ min: 0, max: 100 }),
        fc.uint8Array({ maxLength: 34 }),
        position,
        (tag, flag, batteryPct, data, where) => {
          expect(decode(encodePansLocation({ id: tag, position: null, quality: 0, superframe: 1 }))).toMatchObject({
            readings: [{ tag, usable: false }]
          })
          expect(decode(encodePansStatus({ id: tag, present: flag, batteryPct, temperatureDegC: -4 }))).toMatchObject({
            readings: [{ tag, online: flag, batteryPct, temperatureDegC: -4, extra: { present: flag } }]
          })
          expect(decode(encodePansData({ id: tag, data, superframe: 5 }))).toMatchObject({
            readings: [{ tag, extra: { data_hex: toHex(data), superframe: 5 } }]
          })
          expect(decode(encodePansConfig({ id: tag, label: 'L', anchorPosition: where, initiator: flag }))).toMatchObject({
            readings: [{ device: tag, extra: { label: 'L', node_type: 'anchor', initiator: flag, anchor_position_m: where } }]
          })
          expect(decode(encodePansConfig({ id: tag, label: 'L' }))).toMatchObject({
            readings: [{ tag, extra: { node_type: 'tag', nom_update_rate_ms: 100 } }]
          })
          expect(decode(encodePansGateway({ id: tag, online: flag }))).toMatchObject({ readings: [{ device: tag, online: flag }] })
        }
      )
    )
  })

  it('never throws and never gives a position that is not three numbers', () => {
    const topic = fc.oneof(
      fc.string(),
      fc.constantFrom('location', 'status', 'config', 'data', 'service').map((name) => `dwm/node/4d18/uplink/${name}`)
    )
    const coordinate = fc.oneof(fc.double(), fc.constantFrom('NaN', 'nan', null, '1', true), fc.string())
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8Bytes),
      fc
        .record({
          position: fc.record({ x: coordinate, y: coordinate, z: coordinate, quality: coordinate }),
          superFrameNumber: coordinate,
          timestamp: coordinate
        })
        .map((body) => utf8Bytes(JSON.stringify(body)))
    )
    const decoder = dwm1001PansMqtt.createDecoder()
    fc.assert(
      fc.property(topic, payload, fc.boolean(), (at, frame, retained) => {
        const result = decoder.decode(frame, { topic: at, retained })
        if (result.kind !== 'readings') return
        for (const reading of result.readings) {
          expect(reading.tag ?? reading.device).toBeTypeOf('string')
          if (reading.position) expect(Object.values(reading.position).every(Number.isFinite)).toBe(true)
          if (!reading.position && at.endsWith('location')) expect(reading.usable).toBe(false)
          expect(reading.stale).toBe(retained ? true : undefined)
          expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        }
      }),
      { numRuns: 500 }
    )
  })

  it('refuses a payload that no PANS gateway would send', () => {
    const huge = utf8Bytes(`{"present":true,"x":"${'y'.repeat(70_000)}"}`)
    expect(dwm1001PansMqtt.createDecoder().decode(huge, { topic: 'dwm/node/4d18/uplink/status' })).toMatchObject({
      kind: 'error',
      code: 'FRAME_LENGTH'
    })
  })
})
