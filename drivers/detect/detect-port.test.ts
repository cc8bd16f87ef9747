import { expect, it } from 'vitest'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { randomBytes, streamOf } from '../../test-support/codec-stream.ts'
import { SeededRandom } from '../../test-support/fuzz/seeded-random.ts'
import { receivedAt, type UartSender } from '../../test-support/uart.ts'
import { createVirtualClock } from '../../test-support/virtual-clock.ts'
import type { PortListener } from '../byte-port/byte-port.ts'
import { DriverError } from '../driver.ts'
import { describeDetection } from './describe.ts'
import { type DetectPortOptions, detectPort } from './detect-port.ts'
import type { Detection, SniffProgress } from './detection.ts'
import type { OpenSniffPort } from './open-sniff-port.ts'

/** A port in memory with a device at its other end, which says `burst` every so often, and answers what is written to it. */
interface FakeDevice extends UartSender {
  readonly everyMs?: number
  burst?(): Uint8Array
  answer?(question: Uint8Array): Uint8Array
  /** Speeds that the port does not take. */
  readonly refused?: readonly number[]
  /** A device server, which has no speed. */
  readonly speedless?: boolean
  readonly lostAfterMs?: number
}

function fakePort(device: FakeDevice, clock: ReturnType<typeof createVirtualClock>) {
  const trace = { speeds: [] as number[], written: 0, closed: 0 }
  const open: OpenSniffPort = (port, first, listener: PortListener) => {
    let speed = first
    trace.speeds.push(first)
    const say = (bytes: Uint8Array): void => {
      if (trace.closed === 0) listener.bytes(device.speedless === true ? bytes : receivedAt(speed, bytes, device))
    }
    const talk = (): void => {
      if (device.burst !== undefined) say(device.burst())
      if (trace.closed === 0) clock.setTimeout(talk, device.everyMs ?? 100)
    }
    clock.setTimeout(talk, 10)
    if (device.lostAfterMs !== undefined)
      clock.setTimeout(() => listener.lost(new DriverError('LINK_LOST', `${port} was unplugged`, { retriable: true })), device.lostAfterMs)
    return Promise.resolve({
      opened: port,
      write: (question) => {
        trace.written++
        if (device.answer !== undefined) say(device.answer(question))
        return Promise.resolve()
      },
      close: () => {
        trace.closed++
        return Promise.resolve()
      },
      ...(device.speedless === true
        ? {}
        : {
            changeBaudRate: (baudRate: number) => {
              if (device.refused?.includes(baudRate) === true) return Promise.reject(new Error('no such speed'))
              speed = baudRate
              trace.speeds.push(baudRate)
              return Promise.resolve()
            }
          })
    })
  }
  return { open, trace }
}

async function detect(device: FakeDevice, more: Partial<DetectPortOptions> = {}, forMs = 600_000) {
  const clock = createVirtualClock()
  const { open, trace } = fakePort(device, clock)
  const running = detectPort({ port: '/dev/ttyS9', codecs: CODECS, clock, signal: new AbortController().signal, open, ...more })
  const settled = running.then(
    (detection) => ({ detection, error: undefined }),
    (error: unknown) => ({ detection: undefined, error })
  )
  await clock.advance(forMs)
  const { detection, error } = await settled
  expect(trace.closed).toBeGreaterThan(0)
  return { detection, error, trace, clock }
}

function codecNamed(protocol: string) {
  const codec = findCodec(protocol)
  if (codec === undefined) throw new Error(`no protocol ${protocol}`)
  return codec
}

/** Says the frames of a protocol piece by piece. */
function speech(protocol: string, framesABurst: number): () => Uint8Array {
  const random = new SeededRandom(11)
  return () => streamOf(codecNamed(protocol), random, framesABurst)
}

it('finds protocol and speed, and listens no longer than it must', async () => {
  const { detection, trace, clock } = await detect({ baudRate: 921_600, burst: speech('nooploop-nlink', 3) })
  expect(detection).toMatchObject({
    version: 1,
    kind: 'port',
    outcome: 'detected',
    findings: [{ protocol: 'nooploop-nlink', line: { baudRate: 921_600, dataBits: 8, parity: 'none' }, checksums: { wrong: 0 } }],
    config: { sources: { 'nooploop-nlink': { driver: 'serial', protocol: 'nooploop-nlink', port: '/dev/ttyS9', baudRate: 921_600 } } },
    interrupted: false
  })
  expect(trace.speeds.at(-1)).toBe(921_600)
  expect(trace.written).toBe(0)
  expect(clock.pendingTimers).toBe(0)
  expect(detection === undefined ? [] : describeDetection(detection)[0]).toMatch(
    /^Nooploop LinkTrack, NLink frames \[nooploop-nlink\], .*node_frame.*, at 921600 baud: \d+ frames, 100 % checksums, \d+ tags heard$/
  )
})

it('finds a receiver that speaks once a second at 4800 baud', async () => {
  const { detection } = await detect({ baudRate: 4800, everyMs: 1_000, burst: speech('nmea0183', 6) })
  expect(detection?.findings).toMatchObject([{ protocol: 'nmea0183', line: { baudRate: 4800 } }])
})

it('finds a line of seven bits with parity', async () => {
  const { detection } = await detect({ baudRate: 9600, parity: 'even', everyMs: 500, burst: speech('nmea0183', 4) })
  expect(detection?.findings).toMatchObject([{ protocol: 'nmea0183', line: { baudRate: 9600, dataBits: 7, parity: 'even' } }])
  expect(detection?.config?.sources['nmea0183']).toMatchObject({ baudRate: 9600, dataBits: 7, parity: 'even' })
})

it('says that nothing was heard, and who must be asked', async () => {
  const { detection } = await detect({ baudRate: 9600 }, { baudRates: [9600, 115_200], listenMs: 500 })
  expect(detection).toMatchObject({ outcome: 'silent', findings: [], possible: [] })
  expect(detection).not.toHaveProperty('config')
  expect(detection?.heard.speeds.map(({ baudRate, look }) => [baudRate, look.impression])).toEqual([
    [9600, 'nothing'],
    [115_200, 'nothing']
  ])
  expect(detection?.notes.join()).toContain('dwm1001-uart-tlv')
  expect(detection?.notes.join()).toContain('--probe')
})

it('asks into silence only when it is told to, and finds who answers', async () => {
  const position = Uint8Array.from([0x40, 1, 0, 0x41, 13, 0x79, 0, 0, 0, 0x32, 0, 0, 0, 0xfb, 0, 0, 0, 0x64])
  const answer = (question: Uint8Array): Uint8Array => (question[0] === 0x0c && question.length === 2 ? position : new Uint8Array())
  const silent = await detect({ baudRate: 115_200, answer }, { listenMs: 300 })
  expect([silent.detection?.outcome, silent.trace.written]).toEqual(['silent', 0])
  const asked = await detect({ baudRate: 115_200, answer }, { listenMs: 300, ask: true })
  expect(asked.detection?.findings).toMatchObject([{ protocol: 'dwm1001-uart-tlv', line: { baudRate: 115_200 } }])
  expect(asked.detection?.notes.join()).toContain('only when it was asked')
  expect(asked.detection?.config?.sources['dwm1001-uart-tlv']).not.toHaveProperty('poll')
})

it('proposes not to ask where another computer asks already', async () => {
  const { detection } = await detect({ baudRate: 115_200, burst: speech('dwm1001-uart-tlv', 3) })
  expect(detection?.config?.sources['dwm1001-uart-tlv']).toMatchObject({ poll: { intervalS: 0 } })
})

it('never asks a device that speaks', async () => {
  const random = new SeededRandom(3)
  const { trace } = await detect(
    { baudRate: 115_200, burst: () => randomBytes(random, 50) },
    { ask: true, listenMs: 300, baudRates: [115_200] }
  )
  expect(trace.written).toBe(0)
})

it('tells what bytes look like that nobody understands', async () => {
  const unknown = new TextEncoder().encode('temperature is fine, thank you\r\n')
  const { detection } = await detect({ baudRate: 57_600, burst: () => unknown }, { baudRates: [9600, 57_600], listenMs: 1_000 })
  expect(detection?.outcome).toBe('unknown')
  const [slow, right] = detection?.heard.speeds ?? []
  expect(slow?.look.impression).not.toBe('text')
  expect(right?.look).toMatchObject({ impression: 'text', printableShare: 1 })
  expect(describeDetection(detection as Detection).join('\n')).toContain('at 57600 baud: ')
  expect(describeDetection(detection as Detection).join('\n')).toContain('it begins: temperature is fine')
})

it('tells of a line that is slower than every speed that was tried', async () => {
  const { detection } = await detect({ baudRate: 4800, burst: speech('nmea0183', 4) }, { baudRates: [19_200], listenMs: 2_000 })
  expect(detection?.outcome).not.toBe('detected')
  expect(detection?.heard.speeds[0]?.look.impression).toBe('slower-line')
})

it('waits longer where something begins to fit', async () => {
  let bursts = 0
  const burst = (): Uint8Array => new TextEncoder().encode(bursts++ < 45 ? 'mode: tn (act,twr,np,le)\r\n' : 'POS,2.57,2.00,1.67,97\r\n')
  const { detection, trace } = await detect({ baudRate: 115_200, burst }, { baudRates: [115_200, 9600] })
  expect(detection?.findings).toMatchObject([{ protocol: 'dwm1001-uart-shell', line: { baudRate: 115_200 } }])
  expect(trace.speeds).toEqual([115_200])
})

it('passes over a speed that the port does not take', async () => {
  const device = { baudRate: 9600, everyMs: 200, burst: speech('nmea0183', 4), refused: [3_000_000] }
  const { detection } = await detect(device, { baudRates: [115_200, 3_000_000, 9600], listenMs: 500 })
  expect(detection?.findings).toMatchObject([{ line: { baudRate: 9600 } }])
  expect(detection?.notes).toContain('the port does not take 3000000 baud')
})

it('needs no speed of a device server', async () => {
  const { detection } = await detect({ baudRate: 0, speedless: true, burst: speech('trek1000-range', 3) }, { port: 'tcp://192.0.2.7:4001' })
  expect(detection?.findings).toMatchObject([{ protocol: 'trek1000-range', line: { dataBits: 8 } }])
  expect(detection?.config?.sources['trek1000-range']).toEqual({
    driver: 'serial',
    protocol: 'trek1000-range',
    port: 'tcp://192.0.2.7:4001'
  })
})

it('tells what was heard until it is stopped', async () => {
  const stop = new AbortController()
  const progress: SniffProgress[] = []
  const onProgress = (each: SniffProgress): void => {
    progress.push(each)
    if (each.bytes > 0) stop.abort()
  }
  const { detection, trace } = await detect({ baudRate: 300, burst: speech('helmet', 1) }, { signal: stop.signal, onProgress })
  expect(detection?.interrupted).toBe(true)
  expect(trace.speeds).toHaveLength(new Set(progress.map(({ baudRate }) => baudRate)).size)
})

it('fails with the reason when the port is lost before anything was heard', async () => {
  const { error } = await detect({ baudRate: 9600, lostAfterMs: 700 })
  expect(error).toMatchObject({ code: 'LINK_LOST' })
})

it('tells what it has when the port is lost later', async () => {
  const { detection } = await detect({ baudRate: 115_200, burst: speech('trek1000-range', 5), lostAfterMs: 500 })
  expect(detection?.findings).toMatchObject([{ protocol: 'trek1000-range' }])
  expect(detection?.notes.join()).toContain('was unplugged')
})
