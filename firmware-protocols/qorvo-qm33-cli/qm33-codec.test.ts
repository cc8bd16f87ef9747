import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framesInPieces } from '../../test-support/framer-properties.ts'
import type { DecodeResult } from '../codec.ts'
import { utf8Bytes } from '../kit/text.ts'
import type { Reading } from '../reading.ts'
import { encodeBlock, encodeSessionInfo } from './encode-qm33.ts'
import { qorvoQm33Cli } from './qm33-codec.ts'

const decoder = qorvoQm33Cli.createDecoder()
const newFramer = () => {
  const framer = qorvoQm33Cli.createFramer?.()
  if (!framer) throw new Error('a serial protocol has a framer')
  return framer
}
const decodeStream = (text: string): DecodeResult[] => {
  const results: DecodeResult[] = []
  newFramer().push(utf8Bytes(text), (frame) => void results.push(decoder.decode(frame, {})))
  return results
}
const readingsOf = (text: string): Reading[] => decodeStream(text).flatMap((result) => (result.kind === 'readings' ? result.readings : []))

const mac = fc.nat(0xffff).map((value) => value.toString(16).padStart(4, '0'))
const measurement = fc.record({
  mac,
  distanceM: fc.option(
    fc.integer({ min: 0, max: 30_000 }).map((centimetres) => centimetres / 100),
    { nil: undefined }
  ),
  azimuthDeg: fc.option(
    fc.integer({ min: -9000, max: 9000 }).map((hundredths) => hundredths / 100 || 0),
    { nil: undefined }
  )
})
const measurements = fc.array(measurement, { minLength: 1, maxLength: 8 })
const rangesOf = (list: readonly { mac: string; distanceM?: number | undefined }[]) =>
  list.flatMap(({ mac: anchor, distanceM: rangeM }) => (rangeM === undefined ? [] : [{ anchor, rangeM }]))

describe('QM33 command line', () => {
  it('reads back rounds in both forms', () => {
    fc.assert(
      fc.property(measurements, fc.nat(99_999), (list, seq) => {
        const told = list.map(({ mac: id, distanceM, azimuthDeg }) => ({
          mac: `0x${id}`,
          ...(distanceM === undefined ? {} : { distance_m: distanceM }),
          ...(distanceM === undefined || azimuthDeg === undefined ? {} : { local_azimuth_deg: azimuthDeg })
        }))
        expect(readingsOf(encodeSessionInfo(42, seq, list))).toMatchObject([
          {
            sequence: seq,
            ranges: rangesOf(list),
            extra: { kind: 'session_info', session: 42, seq, block: seq, measurements: told }
          }
        ])
        expect(readingsOf(encodeBlock(seq, list))).toMatchObject([
          { ranges: rangesOf(list), extra: { kind: 'block', block: seq, measurements: told } }
        ])
      })
    )
  })

  it('tells distances below 0, and strength, but makes no range of the first', () => {
    const [reading] = readingsOf(
      encodeSessionInfo(1, 2, [
        { mac: '0001', distanceM: -0.75 },
        { mac: '0002', distanceM: 1, rssiDbm: -78.5 }
      ])
    )
    expect(reading?.ranges).toEqual([{ anchor: '0002', rangeM: 1, rssiDbm: -78.5 }])
    expect(reading?.extra?.['measurements']).toMatchObject([{ distance_m: -0.75 }, { rssi_dbm: -78.5 }])
  })

  it('makes no range of a notification that lost bytes, unless all its figures are whole', () => {
    const ranges = (text: string) => readingsOf(text).flatMap((reading) => reading.ranges ?? [])
    fc.assert(
      fc.property(measurements, fc.nat(2000), fc.integer({ min: 1, max: 40 }), (list, at, count) => {
        const text = encodeSessionInfo(1, 7, list)
        const from = at % text.length
        // A figure that only lost digits is a figure still: such a cut is not what this is about.
        const isFigure = /\d/.test(text[from - 1] ?? '') || /[\d-]/.test(text[from] ?? '') || /\d/.test(text[from + count] ?? '')
        fc.pre(!isFigure)
        for (const range of ranges(text.slice(0, from) + text.slice(from + count) + encodeSessionInfo(1, 8, [])))
          expect(rangesOf(list)).toContainEqual(range)
      }),
      { numRuns: 500 }
    )
  })

  it('keeps log lines out of notifications, and begins anew with the next notification', () => {
    const whole = encodeSessionInfo(1, 7, [{ mac: '0001', distanceM: 2.45 }])
    const [first = '', ...rest] = whole.split('\r\n')
    const log = '[00:00:03.831,174] <info> app: a {log} line'
    expect(decodeStream([first, log, ...rest].join('\r\n'))).toMatchObject([{ kind: 'ignored', why: 'log line' }, { kind: 'readings' }])
    expect(readingsOf(whole.slice(0, 80) + whole)).toHaveLength(1)
    expect(
      readingsOf(encodeBlock(1, [{ mac: '0001', distanceM: 1 }]).slice(0, 30) + encodeBlock(2, [{ mac: '0001', distanceM: 1 }]))
    ).toMatchObject([{ extra: { block: 2 } }])
    expect(readingsOf(`JS0109{"Info":{"Device":"X",\r\nJS006F{"RX Events":{\r\n"CRCG":0,\r\n"CRCB":1}}\r\n`)).toEqual([
      { extra: { kind: 'answer', subject: 'rx_events', crcg: 0, crcb: 1 } }
    ])
  })

  it('gives the same frames however the stream is split', () => {
    const part = fc.oneof(
      fc.tuple(fc.nat(999), measurements).map(([seq, list]) => encodeSessionInfo(1, seq, list)),
      fc.tuple(fc.nat(999), measurements).map(([seq, list]) => encodeBlock(seq, list)),
      fc.constantFrom(
        '\r\nok\r\n',
        '> STOP\r\n',
        '[00:00:03.831,174] <info> app: x\r\n',
        'SESSION_INFO_NTF: {session',
        '{"Block"',
        'JS0109{"Info":{\r\n"A":1}}\r\n',
        '\xff{\r\n'
      )
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.array(fc.nat(3000), { maxLength: 12 }), (parts, cuts) => {
        const stream = utf8Bytes(parts.join(''))
        expect(framesInPieces(newFramer(), stream, cuts)).toEqual(framesInPieces(newFramer(), stream, []))
      })
    )
  })

  it('never throws, whatever comes', () => {
    const token = fc.constantFrom(
      'SESSION_INFO_NTF: {',
      'session_handle=1, ',
      'n_measurements=1',
      '[',
      'mac_address=0x0001, ',
      'status="SUCCESS"',
      ', distance[cm]=',
      '71',
      ']',
      '}',
      ';',
      '\r\n',
      '{"Block":',
      '"results":[',
      '{"Addr":"0x0001",',
      '"Status":"Ok"',
      ',"D_cm":',
      'nan',
      '-',
      'JS00EF',
      '{"LSTN":[49,2B',
      'RANGE_DIAGNOSTICS_NTF: {n_reports=1 ',
      'ok'
    )
    const text = fc.array(fc.oneof(token, fc.string({ maxLength: 3 })), { maxLength: 20 }).map((tokens) => tokens.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), text.map(utf8Bytes)), (frame) => {
        const result = decoder.decode(frame, {})
        const readings = result.kind === 'readings' ? result.readings : []
        for (const reading of readings) expect(JSON.parse(JSON.stringify(reading))).toEqual(reading)
        newFramer().push(frame, (cut) => void decoder.decode(cut, {}))
      }),
      { numRuns: 1000 }
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 200 }).filter((bytes) => bytes.some((byte) => byte >= 0x7f)),
        (bytes) => {
          expect(decoder.decode(bytes, {}).kind).toBe('error')
        }
      )
    )
  })
})
