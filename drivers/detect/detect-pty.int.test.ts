import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { streamOf } from '../../test-support/codec-stream.ts'
import { SeededRandom } from '../../test-support/fuzz/seeded-random.ts'
import { openPtyPair, type PtyPair } from '../../test-support/pty.ts'
import { type SerialPeer, startSerialPeer } from '../../test-support/serial-peer.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { detectPort } from './detect-port.ts'

describe('a device on a port of the system, garbled at every speed but its own', () => {
  let pair: PtyPair
  let peer: SerialPeer | undefined

  beforeEach(async () => {
    pair = await openPtyPair()
  })
  afterEach(async () => {
    await peer?.stop()
    peer = undefined
    await pair.close()
  })

  it.each([
    ['nooploop-nlink', 921_600, 6, undefined],
    ['nmea0183', 4800, 9, undefined],
    ['trek1000-range', 460_800, 9, [230_400, 460_800, 921_600]],
    ['helmet', 57_600, 4, [115_200, 57_600]],
    ['dwm1001-uart-shell', 115_200, 9, undefined]
  ] as const)('%s at %i baud is found', async (protocol, baudRate, frames, baudRates) => {
    const codec = findCodec(protocol)
    if (codec === undefined) throw new Error(`no protocol ${protocol}`)
    const random = new SeededRandom(5)
    peer = await startSerialPeer(pair, { baudRate }, () => streamOf(codec, random, frames))
    const detection = await detectPort({
      baudRates,
      port: pair.port,
      codecs: CODECS,
      clock: systemClock,
      signal: new AbortController().signal,
      listenMs: 700
    })
    expect(detection.outcome, JSON.stringify(detection, null, 1)).toBe('detected')
    expect(detection.findings).toMatchObject([{ protocol, line: { baudRate, dataBits: 8, parity: 'none' } }])
    expect(detection.config?.sources[protocol]).toMatchObject({ driver: 'serial', protocol, port: pair.port, baudRate })
    // The speed was in fact set on the terminal, and the detection ended there.
    expect(peer.speedsSeen.at(-1)).toBe(baudRate)
  })

  it('is not found at the speeds that are tried, when those are wrong', async () => {
    const codec = findCodec('trek1000-range')
    if (codec === undefined) throw new Error('no such protocol')
    const random = new SeededRandom(5)
    peer = await startSerialPeer(pair, { baudRate: 115_200 }, () => streamOf(codec, random, 6))
    const options = { port: pair.port, codecs: CODECS, clock: systemClock, signal: new AbortController().signal, listenMs: 500 }
    const detection = await detectPort({ ...options, baudRates: [9600, 57_600, 230_400] })
    expect(detection.outcome).not.toBe('detected')
    expect(detection.heard.speeds.some(({ look }) => look.bytes > 0)).toBe(true)
    expect(detection).not.toHaveProperty('config')
  })

  it('is released when the detection is stopped', async () => {
    const stop = new AbortController()
    const options = { port: pair.port, codecs: CODECS, clock: systemClock, listenMs: 60_000 }
    const running = detectPort({ ...options, signal: stop.signal, onProgress: () => stop.abort() })
    expect(await running).toMatchObject({ outcome: 'silent', interrupted: true })
    // It can be opened again: the lock is gone.
    const again = new AbortController()
    expect(await detectPort({ ...options, signal: again.signal, onProgress: () => again.abort() })).toMatchObject({ interrupted: true })
  })

  it('is told of when it cannot be opened', async () => {
    const options = { codecs: CODECS, clock: systemClock, signal: new AbortController().signal }
    await expect(detectPort({ ...options, port: `${pair.port}-gone` })).rejects.toMatchObject({ code: 'PORT_NOT_FOUND' })
  })
})
