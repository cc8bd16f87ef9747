import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { travelsOver } from './propose-source.ts'
import { rankTopics } from './rank-topics.ts'
import { TopicPanel } from './topic-panel.ts'

const MQTT = CODECS.filter((codec) => travelsOver(codec, 'mqtt'))

describe('messages', () => {
  it('that are noise are of no protocol, on whatever topics', () => {
    const level = fc.constantFrom(
      'a',
      'site',
      'node',
      '4d18',
      'uplink',
      'location',
      'gw',
      'ac233fc01234',
      'status',
      'up',
      'tags',
      'x',
      'event'
    )
    const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'))
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify(value))),
      fc.string().map((text) => new TextEncoder().encode(text))
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, payload), { maxLength: 40 }), (messages) => {
        const panel = new TopicPanel(MQTT)
        for (const [name, bytes] of messages) panel.take(bytes, { topic: name })
        expect(rankTopics(panel.evidence()).findings.map(({ protocol, why }) => `${protocol} ${why}`)).toEqual([])
      }),
      { numRuns: 150 }
    )
  })

  it('cost no more memory on endless topics', () => {
    const panel = new TopicPanel(MQTT)
    const payload = new TextEncoder().encode('{"x":1}')
    const word = (index: number): string => [...String(index)].map((digit) => 'ghijklmnop'[Number(digit)]).join('')
    for (let index = 0; index < 2_000; index++) panel.take(payload, { topic: `t/${word(index)}` })
    expect(panel.messages).toBe(2_000)
    expect(panel.evidence()).toHaveLength(500)
    expect(panel.beyond).toBe(1_500)
  })
})
