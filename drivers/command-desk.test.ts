import { expect, it } from 'vitest'
import type { CommandEncoder } from '../firmware-protocols/codec.ts'
import { createToyCodec } from '../test-support/toy-codec.ts'
import { createVirtualClock } from '../test-support/virtual-clock.ts'
import { CommandDesk, type WriteCommand } from './command-desk.ts'
import type { Delivery, SendOutcome } from './driver.ts'

function setUp(answerId: string | null = '7') {
  const clock = createVirtualClock()
  const delivered: Delivery[] = []
  const ended = new AbortController()
  const encoder: CommandEncoder = {
    encode: (target) => (target === 'nobody' ? undefined : { bytes: Uint8Array.of(1), ...(answerId === null ? {} : { answerId }) })
  }
  const desk = new CommandDesk(
    { ...createToyCodec(), createEncoder: () => encoder },
    { clock, sink: { deliver: (each) => delivered.push(each) } }
  )
  const stages: string[] = []
  const outcomes: SendOutcome[] = []
  const send = async (write: WriteCommand, target = 'a'): Promise<void> => {
    outcomes.push(
      await desk.send(target, { kind: 'vibrate' }, { timeoutMs: 1000, onStage: (stage) => stages.push(stage) }, ended.signal, write)
    )
  }
  const hear = (tag: string, id: string, accepted: boolean, stale = false): void =>
    desk.sink.deliver({ readings: [{ tag, stale, commandAnswers: [{ id, accepted, why: 'broken' }] }], receivedAt: 0, monotonicMs: 0 })
  return { clock, delivered, ended, desk, stages, outcomes, send, hear }
}
const link: WriteCommand = (_encoded, reached) => {
  reached('accepted')
  reached('delivered')
  return Promise.resolve()
}

it('is acknowledged by the answer of this tag to this command, and by no other', async () => {
  const { delivered, stages, outcomes, send, hear } = setUp()
  const sent = send(link)
  hear('b', '7', true)
  hear('a', '8', true)
  hear('a', '7', true, true)
  await Promise.resolve()
  expect(outcomes).toEqual([])
  hear('a', '7', true)
  await sent
  expect(stages).toEqual(['accepted', 'delivered', 'acknowledged'])
  expect(outcomes).toEqual([{ stage: 'acknowledged' }])
  expect(delivered).toHaveLength(4)
})

it('says why the tag refused it', async () => {
  const { outcomes, send, hear } = setUp()
  const sent = send(link)
  hear('a', '7', false)
  await sent
  expect(outcomes).toEqual([{ stage: 'failed', code: 'COMMAND_REFUSED', why: 'broken' }])
})

it('ends with what the link confirmed when no answer comes in time, or none is due', async () => {
  const { clock, outcomes, send } = setUp()
  const sent = send(link)
  await clock.advance(1000)
  await sent
  expect(outcomes).toEqual([{ stage: 'delivered' }])
  const without = setUp(null)
  await without.send(link)
  expect(without.outcomes).toEqual([{ stage: 'delivered' }])
})

it('fails at once with the link, and answers "unsupported" to what the protocol cannot say', async () => {
  const { ended, outcomes, send } = setUp()
  await send(() => Promise.reject(new Error('the cable')))
  await send(link, 'nobody')
  const sent = send(() => new Promise(() => undefined))
  ended.abort()
  await sent
  expect(outcomes).toMatchObject([
    { stage: 'failed', code: 'DRIVER_EXCEPTION', why: 'the cable' },
    { stage: 'unsupported' },
    { stage: 'failed', code: 'SOURCE_DOWN' }
  ])
})

it('lets no more wait than it can remember, and forgets those that are over', async () => {
  const { clock, desk, outcomes, send } = setUp()
  const ids = Array.from({ length: 1000 }, (_unused, index) => `t${index}`)
  const all = ids.map((tag) => send(link, tag))
  await send(link)
  expect(outcomes).toMatchObject([{ stage: 'failed', code: 'SEND_TOO_MANY' }])
  await clock.advance(1000)
  await Promise.all(all)
  expect(desk).toBeDefined()
  const last = send(link)
  await clock.advance(1000)
  await last
  expect(outcomes.at(-1)).toEqual({ stage: 'delivered' })
})
