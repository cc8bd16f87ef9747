import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createVirtualClock, type VirtualClock } from '../../test-support/virtual-clock.ts'
import { MbapFramer, mbapFrame } from './mbap-frames.ts'
import type { Exchanged, LineContext, ModbusLine } from './modbus-line.ts'
import { readRequest, writeRequest } from './pdu.ts'
import { characterMs, frameGapMs, rtuFrame } from './rtu-frames.ts'
import { RtuLine } from './rtu-line.ts'
import { TcpLine } from './tcp-line.ts'

const BAUD = 9600
const VALUE = Uint8Array.of(3, 2, 0, 7)
const ECHO = Uint8Array.of(5, 0, 1, 0xff, 0)

interface Sent {
  readonly atMs: number
  readonly unit: number
  readonly bytes: Uint8Array
}

let clock: VirtualClock
let sent: Sent[]
let counters: LineContext['counters']

const context = (unitOf: (bytes: Uint8Array) => number): LineContext => ({
  clock,
  counters,
  write: (bytes) => {
    sent.push({ atMs: clock.monotonicMs(), unit: unitOf(bytes), bytes })
  }
})
const read = (line: ModbusLine, unit: number, timeoutMs = 300): Promise<Exchanged> =>
  line.exchange(readRequest({ unit, table: 'holding-register', start: 0, count: 1 }), { urgent: false, timeoutMs })
const write = (line: ModbusLine, unit: number, signal?: AbortSignal): Promise<Exchanged> =>
  line.exchange(writeRequest({ unit, table: 'coil', address: 1, value: 1, asMultiple: false }), {
    urgent: true,
    timeoutMs: 300,
    ...(signal === undefined ? {} : { signal })
  })
const units = (): number[] => sent.map(({ unit }) => unit)

beforeEach(() => {
  clock = createVirtualClock()
  sent = []
  counters = { bytesIn: 0, frames: 0, readings: 0, ignored: 0, incomplete: 0, errors: 0, discardedBytes: 0, dropped: 0 }
})

describe('a serial line', () => {
  let line: RtuLine
  const answer = (unit: number, pdu = VALUE): string => line.take(rtuFrame(unit, pdu))

  beforeEach(() => {
    line = new RtuLine(
      context(([unit = 0]) => unit),
      BAUD
    )
  })

  it('has one request under way, with 3.5 characters of silence before the next, and the urgent first', async () => {
    const first = read(line, 1)
    const second = read(line, 2)
    const third = write(line, 3)
    await clock.advance(50)
    expect(units()).toEqual([1])
    answer(1)
    const answeredMs = clock.monotonicMs()
    await clock.advance(frameGapMs(BAUD) - 0.01)
    expect(units()).toEqual([1])
    await clock.advance(50)
    expect(units()).toEqual([1, 3])
    expect(sent[1]?.atMs).toBeCloseTo(answeredMs + frameGapMs(BAUD), 6)
    answer(3, ECHO)
    await clock.advance(50)
    expect(units()).toEqual([1, 3, 2])
    answer(2)
    expect(await first).toEqual({ kind: 'values', data: Uint8Array.of(0, 7) })
    expect(await third).toEqual({ kind: 'written' })
    expect(await second).toMatchObject({ kind: 'values' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('lets in a command that comes during the silence before a read', async () => {
    const first = read(line, 1)
    answer(1)
    const second = read(line, 2)
    await clock.advance(1)
    const command = write(line, 3)
    await clock.advance(50)
    expect(units()).toEqual([1, 3])
    answer(3, ECHO)
    await clock.advance(50)
    answer(2)
    expect((await Promise.all([first, command, second])).map(({ kind }) => kind)).toEqual(['values', 'written', 'values'])
  })

  it('gives an answer the time of its characters and no more, and takes a late one for nothing', async () => {
    const first = read(line, 1, 300)
    const charactersMs = (8 + 7) * characterMs(BAUD)
    await clock.advance(300 + charactersMs - 0.1)
    expect(line.missesInARow).toBe(0)
    await clock.advance(0.2)
    expect(await first).toEqual({ kind: 'timeout' })
    expect(line.missesInARow).toBe(1)
    answer(1)
    const second = read(line, 2)
    await clock.advance(10)
    // From the unit that was asked before.
    answer(1)
    await clock.advance(10)
    answer(2)
    expect(await second).toMatchObject({ kind: 'values' })
    expect(line.missesInARow).toBe(0)
    expect(counters.discardedBytes).toBe(14)
  })

  it('does not send what was withdrawn, and ends everything when it is closed', async () => {
    const withdrawn = new AbortController()
    const first = read(line, 1)
    const command = write(line, 3, withdrawn.signal)
    const second = read(line, 2)
    withdrawn.abort()
    await clock.advance(10)
    answer(1)
    await clock.advance(10)
    expect(units()).toEqual([1, 2])
    expect(await command).toEqual({ kind: 'withdrawn' })
    const third = read(line, 4)
    line.close()
    expect((await Promise.all([first, second, third, read(line, 5)])).map(({ kind }) => kind)).toEqual(['values', 'lost', 'lost', 'lost'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('waits for silence, but not for ever, and says that there is none', async () => {
    const noise = Uint8Array.of(0x55)
    line.take(noise)
    const command = write(line, 3)
    for (let passedMs = 0; passedMs < 99; passedMs += 3) {
      await clock.advance(3)
      if (clock.monotonicMs() < 1_099) expect(sent).toEqual([])
      line.take(noise)
    }
    await clock.advance(3)
    expect(units()).toEqual([3])
    expect(line.amiss).toContain('never silent')
    answer(3, ECHO)
    expect(await command).toEqual({ kind: 'written' })
    await clock.advance(100)
    const calm = read(line, 1)
    expect(line.amiss).toBe('')
    answer(1)
    expect(await calm).toMatchObject({ kind: 'values' })
  })
})

const unitArb = fc.integer({ min: 1, max: 4 })
const stepArb = fc.oneof(
  fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), unit: unitArb }),
  fc.record({ kind: fc.constant('answer' as const), transaction: fc.nat(12), unit: unitArb, echo: fc.boolean() }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(200) })
)
type Step = typeof stepArb extends fc.Arbitrary<infer Value> ? Value : never

describe('a connection', () => {
  const framesOf = (bytes: Uint8Array): { readonly transaction: number; readonly unit: number } => {
    let found = { transaction: -1, unit: -1 }
    new MbapFramer().push(bytes, ({ transaction, unit }) => {
      found = { transaction, unit }
    })
    return found
  }
  const lineWith = (overlap: boolean): TcpLine =>
    new TcpLine(
      context((bytes) => framesOf(bytes).unit),
      overlap
    )
  const answer = (line: TcpLine, index: number, pdu = VALUE, unit = sent[index]?.unit ?? 0): string =>
    line.take(mbapFrame(framesOf(sent[index]?.bytes ?? new Uint8Array()).transaction, unit, pdu))

  it('sends a command when what is under way is answered, and in 10 ms all the same', async () => {
    const line = lineWith(true)
    const reads = [read(line, 1), read(line, 2)]
    const command = write(line, 3)
    await clock.advance(9)
    expect(units()).toEqual([1])
    await clock.advance(1)
    expect(units()).toEqual([1, 3])
    answer(line, 1, ECHO)
    expect(await command).toEqual({ kind: 'written' })
    expect(units()).toEqual([1, 3])
    answer(line, 0)
    expect(units()).toEqual([1, 3, 2])
    answer(line, 2)
    expect((await Promise.all(reads)).map(({ kind }) => kind)).toEqual(['values', 'values'])
    const quick = [read(line, 4), read(line, 5), write(line, 6)]
    await clock.advance(2)
    answer(line, 3)
    expect(units().slice(3)).toEqual([4, 6])
    answer(line, 4, ECHO)
    answer(line, 5)
    expect((await Promise.all(quick)).map(({ kind }) => kind)).toEqual(['values', 'values', 'written'])
    // One that has hung for long is no reason to wait at all.
    const hangs = read(line, 7)
    await clock.advance(50)
    const late = write(line, 8)
    expect(units().slice(6)).toEqual([7, 8])
    line.close()
    expect((await Promise.all([hangs, late])).map(({ kind }) => kind)).toEqual(['lost', 'lost'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('has four commands under way at most', async () => {
    const line = lineWith(true)
    const commands = [1, 2, 3, 4, 5, 6].map((unit) => write(line, unit))
    await clock.advance(50)
    expect(units()).toEqual([1, 2, 3, 4])
    answer(line, 2, ECHO)
    expect(units()).toEqual([1, 2, 3, 4, 5])
    await clock.advance(280)
    expect(units()).toEqual([1, 2, 3, 4, 5, 6])
    answer(line, 5, ECHO)
    await clock.advance(100)
    expect((await Promise.all(commands)).map(({ kind }) => kind)).toEqual([
      'timeout',
      'timeout',
      'written',
      'timeout',
      'timeout',
      'written'
    ])
  })

  it('has one thing under way where the device takes no more, the command next', async () => {
    const line = lineWith(false)
    const reads = [read(line, 1), read(line, 2)]
    const command = write(line, 3)
    expect(units()).toEqual([1])
    await clock.advance(300)
    expect(units()).toEqual([1, 3])
    answer(line, 1, ECHO)
    answer(line, 2)
    expect((await Promise.all([...reads, command])).map(({ kind }) => kind)).toEqual(['timeout', 'values', 'written'])
  })

  it('takes late and foreign answers for nothing, and says who answers for whom until the right one does', async () => {
    const line = lineWith(true)
    const first = read(line, 1)
    await clock.advance(300)
    expect(await first).toEqual({ kind: 'timeout' })
    answer(line, 0)
    expect(counters.ignored).toBe(1)
    const second = read(line, 1)
    answer(line, 1, VALUE, 9)
    expect(line.amiss).toBe('unit 9 answers for unit 1: check the unit number')
    expect(counters.errors).toBe(1)
    await clock.advance(20)
    const other = write(line, 2)
    answer(line, 2, ECHO)
    expect(await other).toEqual({ kind: 'written' })
    expect(line.amiss).not.toBe('')
    answer(line, 1)
    expect(await second).toMatchObject({ kind: 'values' })
    expect(line.amiss).toBe('')
  })

  it('ends every request in one way, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArb, { maxLength: 30 }), fc.boolean(), async (steps, overlap) => {
        clock = createVirtualClock()
        sent = []
        const line = lineWith(overlap)
        const ends: Promise<Exchanged>[] = []
        const take = async (taken: Step): Promise<void> => {
          if (taken.kind === 'answer') line.take(mbapFrame(taken.transaction, taken.unit, taken.echo ? ECHO : VALUE))
          else if (taken.kind === 'pass') await clock.advance(taken.ms)
          else ends.push(taken.kind === 'read' ? read(line, taken.unit) : write(line, taken.unit))
        }
        for (const taken of steps) await take(taken)
        await clock.advance(300 * (ends.length + 1))
        expect(sent).toHaveLength(ends.length)
        const kinds = (await Promise.all(ends)).map(({ kind }) => kind)
        for (const kind of kinds) expect(['values', 'written', 'unfit', 'timeout']).toContain(kind)
        expect(clock.pendingTimers).toBe(0)
      }),
      { numRuns: 50 }
    )
  })
})
