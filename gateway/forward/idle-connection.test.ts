import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScriptedKafka, startScriptedKafka } from '../../test-support/scripted-kafka/scripted-kafka.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { createKafkajsPort } from './kafkajs-port.ts'

/** Long enough for kafkajs's loop to turn hundreds of times. */
const IDLE_MS = 500

describe('an idle connection', () => {
  let kafka: ScriptedKafka
  beforeEach(async () => {
    kafka = await startScriptedKafka()
    kafka.createTopic('t')
  })
  afterEach(() => kafka.stop())

  it('sets no timers: the link keeps kafkajs from the loop that it starts after every answer', async () => {
    const port = createKafkajsPort({ settings: { brokers: kafka.brokers, prefix: 'p' }, clientId: 'c', clock: systemClock })
    await port.connect()
    expect(await port.send([{ topic: 't', key: 'k', value: 'v' }])).toEqual([{ kind: 'accepted' }])
    const original = globalThis.setTimeout
    let timers = 0
    const counting = ((callback: () => void, delayMs?: number) => {
      timers++
      return original(callback, delayMs)
    }) as typeof globalThis.setTimeout
    globalThis.setTimeout = counting
    try {
      await new Promise((resolve) => original(resolve, IDLE_MS))
    } finally {
      globalThis.setTimeout = original
      await port.close()
    }
    expect(timers).toBe(0)
  })
})
