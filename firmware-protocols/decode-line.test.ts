import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineDecoder, type DecodedLine, listProtocols } from './decode-line.ts'
import { CODECS } from './registry.ts'

const decode = (protocol: string, line: string): DecodedLine => createLineDecoder(protocol)?.(line) ?? { error: 'no such protocol' }

describe('the decoder of the command line', () => {
  it('lists every protocol once, with transport and title', () => {
    const list = listProtocols()
    expect(list.map(({ name }) => name)).toEqual(CODECS.map(({ protocol }) => protocol))
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length)
    for (const { transport, title } of list) expect([transport, title].every((text) => text.length > 1)).toBe(true)
  })

  it('lists the formats of advertisements, which share one name', () => {
    const { formats = [] } = listProtocols().find(({ name }) => name === 'ble-advertisement') ?? {}
    expect(new Set(formats).size).toBe(formats.length)
    const makes =
      'iBeacon AltBeacon Eddystone Ruuvi BTHome Minew Kontakt ELA Teltonika KKM MOKO MikroTik BlueUp HolyIOT Estimote Sensirion Aranet Helmet'
    for (const make of makes.split(' '))
      expect(
        formats.some((format) => format.startsWith(make)),
        make
      ).toBe(true)
  })

  it('knows no protocol that is not listed', () => {
    expect(createLineDecoder('morse')).toBeUndefined()
  })

  it('gives one of the four answers to any line, as JSON', () => {
    const envelope = fc.record(
      {
        frame: fc.oneof(fc.string(), fc.constantFrom('', 'POS,1.00,2.00,3.00,50', '$GPTXT,01,01,02,x*19', '0201061bff9904')),
        topic: fc.oneof(fc.string(), fc.constant('dwm/node/4d18/uplink/location'), fc.integer()),
        address: fc.oneof(fc.string(), fc.constant(null)),
        key: fc.string(),
        characteristic: fc.string(),
        name: fc.string(),
        fPort: fc.oneof(fc.integer(), fc.string()),
        receivedAt: fc.oneof(fc.string(), fc.constant('2026-11-20T10:30:00+01:00')),
        retained: fc.oneof(fc.boolean(), fc.string())
      },
      { requiredKeys: ['frame'] }
    )
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      envelope.map((value) => JSON.stringify(value)),
      fc.string({ unit: fc.constantFrom('\\', 'r', 'n', 'x', '0', '$', '*', ',', '{') })
    )
    const decoders = CODECS.map(({ protocol }) => createLineDecoder(protocol))
    fc.assert(
      fc.property(line, (text) => {
        for (const decoder of decoders) {
          const answer = decoder?.(text) ?? {}
          expect(Object.keys(answer)).toHaveLength(1)
          expect(['readings', 'ignored', 'incomplete', 'error']).toContain(Object.keys(answer)[0])
          expect(JSON.parse(JSON.stringify(answer))).toEqual(answer)
        }
      }),
      { numRuns: 500 }
    )
  })

  it('tells an envelope from a frame that is JSON itself', () => {
    const lej = '{"position":{"x":1,"y":2,"z":3,"quality":50},"superFrameNumber":1}'
    expect(decode('dwm1001-uart-shell', lej)).toHaveProperty('readings')
    expect(decode('dwm1001-uart-shell', JSON.stringify({ frame: lej }))).toEqual(decode('dwm1001-uart-shell', lej))
    expect(decode('dwm1001-uart-shell', JSON.stringify({ frame: 7 }))).toHaveProperty('error')
  })

  it('takes each part of the context, and says which one is wrong', () => {
    const frame = 'POS,1.00,2.00,3.00,50'
    const wrong = { topic: 1, address: 1, characteristic: 1, name: 1, key: 'xyz', receivedAt: '2026-11-20', fPort: '1', retained: 'yes' }
    for (const [name, value] of Object.entries(wrong))
      expect(decode('dwm1001-uart-shell', JSON.stringify({ frame, [name]: value })), name).toMatchObject({
        error: expect.stringContaining(`FRAME_CONTEXT: ${name}`)
      })
    const right = {
      topic: 'a',
      address: 'AA:BB',
      characteristic: '0x2A37',
      name: 'n',
      key: '00ff',
      receivedAt: '2026-11-20T09:00:00Z',
      fPort: 2,
      retained: false
    }
    expect(decode('dwm1001-uart-shell', JSON.stringify({ frame, ...right }))).toHaveProperty('readings')
    expect(decode('dwm1001-uart-shell', JSON.stringify({ frame, topic: null, fPort: null, retained: null, key: null }))).toHaveProperty(
      'readings'
    )
  })

  it('is fed line by line: what one line leaves open does not run into the next', () => {
    const decoder = createLineDecoder('dwm1001-uart-shell')
    expect(decoder?.('POS,1.00,2.0')).toHaveProperty('error')
    expect(decoder?.('POS,1.00,2.00,3.00,50')).toHaveProperty('readings')
  })

  it('says that a line is longer than any frame', () => {
    expect(decode('dwm1001-uart-shell', 'x'.repeat(5000))).toMatchObject({ error: expect.stringContaining('FRAME_LENGTH') })
    expect(decode('nmea0183', `$${'x'.repeat(5000)}`)).toMatchObject({ error: expect.stringContaining('FRAME_LENGTH') })
    expect(decode('ble-advertisement', '00'.repeat(5000))).toMatchObject({ error: expect.stringContaining('FRAME_LENGTH') })
  })
})
