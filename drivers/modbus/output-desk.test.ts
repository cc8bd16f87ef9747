import { setMaxListeners } from 'node:events'
import { beforeEach, describe, expect, it } from 'vitest'
import { type LineRequest, ScriptedModbusLine } from '../../test-support/scripted-modbus-line.ts'
import { createVirtualClock, settlePromises, type VirtualClock } from '../../test-support/virtual-clock.ts'
import type { Command, SendOutcome } from '../driver.ts'
import type { Exchanged } from './modbus-line.ts'
import { OutputDesk } from './output-desk.ts'
import { modbusSettingsSchema } from './settings.ts'

const WRITE_COIL = 5
const ON = 0xff00

describe('switching outputs', () => {
  let clock: VirtualClock
  let line: ScriptedModbusLine
  let ended: AbortController
  let desk: OutputDesk
  /** What the coils of the device hold. */
  let coils: Map<number, number>
  let stages: string[]

  const device = ({ address, functionCode, second }: LineRequest): Exchanged => {
    if (functionCode !== WRITE_COIL) return { kind: 'values', data: Uint8Array.of(coils.get(address) ?? 0) }
    coils.set(address, second === ON ? 1 : 0)
    return { kind: 'written' }
  }
  const deskWith = (outputs: readonly object[]): OutputDesk => {
    const settings = modbusSettingsSchema.parse({ port: 'tcp://192.0.2.1:502', outputs })
    return new OutputDesk(settings.outputs, { clock, line, timeoutMsOf: () => 300, asked: () => undefined })
  }
  const send = (command: Command, target = 'siren', options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<SendOutcome> =>
    desk.send(target, command, { timeoutMs: 2_000, onStage: (stage) => stages.push(stage), ...options }, ended.signal)
  const turn = (on: boolean, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<SendOutcome> =>
    send({ kind: 'switch', payload: { output: 'siren', on } }, 'siren', options)
  const within = async (ms: number, outcome: Promise<SendOutcome>): Promise<SendOutcome | 'waits'> => {
    let settled: SendOutcome | 'waits' = 'waits'
    outcome.then(
      (value) => {
        settled = value
      },
      () => expect.unreachable()
    )
    await clock.advance(ms)
    return settled
  }

  beforeEach(() => {
    clock = createVirtualClock()
    coils = new Map()
    line = new ScriptedModbusLine(clock, device)
    ended = new AbortController()
    setMaxListeners(0, ended.signal)
    stages = []
    desk = deskWith([{ name: 'siren', unit: 1, table: 'coil', address: 0 }])
  })

  it('is acknowledged when the device reads as it was told, and with nothing left behind', async () => {
    expect(await within(10, turn(true))).toEqual({ stage: 'acknowledged' })
    expect(stages).toEqual(['accepted', 'delivered', 'acknowledged'])
    expect(line.requests.every(({ urgent }) => urgent)).toBe(true)
    expect(await within(10, turn(false))).toEqual({ stage: 'acknowledged' })
    expect(coils.get(0)).toBe(0)
    expect(clock.pendingTimers).toBe(0)
  })

  it('is not acknowledged by the device taking the write: a relay that sticks is a failure with what was read', async () => {
    line.answer = (request) => (request.functionCode === WRITE_COIL ? { kind: 'written' } : device(request))
    const outcome = turn(true)
    expect(await within(480, outcome)).toBe('waits')
    expect(await within(60, outcome)).toEqual({
      stage: 'failed',
      code: 'OUTPUT_NOT_CONFIRMED',
      why: '"siren" was told to go on, but coil 0 of unit 1 reads 0 and not 1'
    })
    expect(stages).toEqual(['accepted', 'delivered'])
  })

  it('waits for a contact that follows late, and believes that contact alone', async () => {
    desk = deskWith([
      {
        name: 'siren',
        unit: 1,
        table: 'coil',
        address: 0,
        readBack: { table: 'input-register', address: 9, on: 3, off: 1 },
        confirmWithinMs: 400
      }
    ])
    let contact = 1
    line.answer = (request) => (request.functionCode === WRITE_COIL ? device(request) : { kind: 'values', data: Uint8Array.of(0, contact) })
    const outcome = turn(true)
    expect(await within(200, outcome)).toBe('waits')
    contact = 3
    expect(await within(30, outcome)).toEqual({ stage: 'acknowledged' })
  })

  it('writes again while the device does not answer, and says in time that it did not', async () => {
    line.answer = () => ({ kind: 'timeout' })
    const dead = turn(true, { timeoutMs: 1_000 })
    expect(await within(899, dead)).toBe('waits')
    expect(await within(1, dead)).toEqual({ stage: 'failed', code: 'OUTPUT_NO_ANSWER', why: 'unit 1 does not answer' })
    expect(line.requests).toHaveLength(3)
    await clock.advance(5_000)
    expect(line.requests).toHaveLength(3)

    const late = turn(true)
    await clock.advance(100)
    line.answer = device
    expect(await within(400, late)).toEqual({ stage: 'acknowledged' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('asks a busy device again and gives up at once when it refuses', async () => {
    let busy = 3
    line.answer = (request) => (busy-- > 0 ? { kind: 'exception', code: 6, why: 'device busy' } : device(request))
    expect(await within(100, turn(true))).toEqual({ stage: 'acknowledged' })
    line.answer = () => ({ kind: 'exception', code: 2, why: 'illegal data address' })
    expect(await within(10, turn(false))).toEqual({
      stage: 'failed',
      code: 'OUTPUT_REFUSED',
      why: 'unit 1 refuses to switch "siren" (coil 0): illegal data address'
    })
    line.answer = (request) =>
      request.functionCode === WRITE_COIL ? device(request) : { kind: 'exception', code: 1, why: 'illegal function' }
    expect(await within(10, turn(false))).toMatchObject({ stage: 'failed', code: 'OUTPUT_NOT_CONFIRMED' })
  })

  it('is never acknowledged where nothing can be read back', async () => {
    desk = deskWith([{ name: 'siren', unit: 1, table: 'coil', address: 0, readBack: false }])
    expect(await within(10, turn(true))).toEqual({ stage: 'delivered' })
    expect(line.requests).toHaveLength(1)
  })

  it('lets the newest word count: the opposite ends what is under way, the same shares it', async () => {
    line.answerMs = 20
    const on = turn(true)
    await settlePromises()
    const also = turn(true)
    await clock.advance(5)
    const off = turn(false)
    expect(await within(100, off)).toEqual({ stage: 'acknowledged' })
    for (const outcome of [on, also]) expect(await within(0, outcome)).toMatchObject({ stage: 'failed', code: 'SEND_SUPERSEDED' })
    expect(coils.get(0)).toBe(0)
    const writes = line.requests.filter(({ functionCode }) => functionCode === WRITE_COIL)
    expect(writes.map(({ second }) => second)).toEqual([ON, 0])
    const both = [turn(true), turn(true)]
    await clock.advance(100)
    expect(await Promise.all(both)).toEqual([{ stage: 'acknowledged' }, { stage: 'acknowledged' }])
    expect(line.requests.filter(({ functionCode }) => functionCode === WRITE_COIL)).toHaveLength(3)
  })

  it('goes on for one sender when another withdraws, and stops when all have', async () => {
    line.answer = () => ({ kind: 'timeout' })
    const withdrawn = new AbortController()
    const first = turn(true, { signal: withdrawn.signal })
    const second = turn(true)
    await clock.advance(50)
    withdrawn.abort()
    expect(await within(0, first)).toMatchObject({ stage: 'accepted' })
    line.answer = device
    expect(await within(500, second)).toEqual({ stage: 'acknowledged' })

    line.answer = () => ({ kind: 'timeout' })
    const alone = new AbortController()
    const outcome = turn(false, { signal: alone.signal })
    await clock.advance(50)
    alone.abort()
    expect(await within(0, outcome)).not.toBe('waits')
    const asked = line.requests.length
    await clock.advance(5_000)
    expect(line.requests).toHaveLength(asked)
  })

  it('lets only so many wait for one output', async () => {
    line.answer = () => ({ kind: 'timeout' })
    const waiting = Array.from({ length: 1000 }, () => turn(true, { timeoutMs: 500 }))
    expect(await within(0, turn(true))).toMatchObject({ stage: 'failed', code: 'SEND_TOO_MANY' })
    await clock.advance(500)
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ stage: 'failed', code: 'OUTPUT_NO_ANSWER' })
    expect(line.requests.length).toBeLessThan(5)
    expect(clock.pendingTimers).toBeLessThan(2)
  })

  it('ends with the run, says what it cannot do, and lists what there is', async () => {
    line.answer = () => ({ kind: 'timeout' })
    const outcome = turn(true)
    await clock.advance(10)
    desk.close()
    expect(await within(0, outcome)).toMatchObject({ stage: 'failed', code: 'SOURCE_DOWN' })
    expect(await send({ kind: 'vibrate' })).toEqual({ stage: 'unsupported' })
    for (const payload of [undefined, {}, { on: 1 }, { on: true, extra: 1 }])
      expect(await send(payload === undefined ? { kind: 'switch' } : { kind: 'switch', payload })).toMatchObject({
        code: 'COMMAND_INVALID'
      })
    expect(await send({ kind: 'switch', payload: { on: true } }, 'horn')).toEqual({
      stage: 'failed',
      code: 'OUTPUT_UNKNOWN',
      why: 'there is no output "horn"; this source has siren'
    })
    desk = deskWith([{ name: 'siren', device: 'hall', unit: 1, table: 'coil', address: 0 }])
    line.answer = device
    const command = { kind: 'switch', payload: { output: 'siren', on: true } } as const
    expect(await within(50, send(command, 'yard'))).toMatchObject({ code: 'OUTPUT_UNKNOWN' })
    expect(await within(50, send(command, 'hall'))).toEqual({ stage: 'acknowledged' })
  })
})
