import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { topicMatcher } from './access.ts'
import { AckOrder } from './ack-order.ts'
import { Sessions } from './sessions.ts'
import { mqttBrokerSettingsSchema } from './settings.ts'

describe('topics of a user', () => {
  // The examples of MQTT 3.1.1, 4.7.1 and 4.7.2.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'any/thing', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/x', false],
    ['+/monitor', '$SYS/monitor', false],
    ['$SYS/#', '$SYS/monitor', true],
    ['site', 'site/hall', false],
    ['site/hall', 'site', false]
  ])('%s and %s: %s', (filter, topic, fits) => expect(topicMatcher([filter])(topic)).toBe(fits))
})

describe('the order of acknowledgements', () => {
  it('is that of the messages, each when it and all before it are durable, whatever becomes durable first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]), (durable) => {
        const order = new AckOrder()
        const released: number[] = []
        const waiting = Array.from({ length: 8 }, (_, n) => order.expect(n, () => released.push(n)))
        const done = new Set<number>()
        for (const n of durable) {
          const entry = waiting[n]
          if (entry !== undefined) order.confirm(entry)
          done.add(n)
          const whole = [0, 1, 2, 3, 4, 5, 6, 7].findIndex((each) => !done.has(each))
          expect(released).toEqual([0, 1, 2, 3, 4, 5, 6, 7].slice(0, whole < 0 ? 8 : whole))
        }
        expect(order.size).toBe(8 - released.length)
        order.drop()
        for (const entry of waiting) order.confirm(entry)
        expect(new Set(released).size).toBe(released.length)
      })
    )
  })
})

describe('what is remembered of clients', () => {
  it('is kept for sessions that are to be kept, and stays bounded', () => {
    const sessions = new Sessions()
    const kept = sessions.connected('a', false)
    kept.receive(1, false, 't', Buffer.from('x'))
    expect(sessions.connected('a', false).size).toBe(1)
    expect(sessions.connected('a', true).size).toBe(0)
    expect(sessions.connected('a', false).size).toBe(0)
    for (let n = 0; n < 10_000; n++) sessions.connected(`client-${n}`, false)
    expect(sessions.size).toBe(4_096)
    for (let n = 0; n < 10_000; n++) sessions.connected(`clean-${n}`, true)
    expect(sessions.size).toBe(4_096)
  })
})

describe('settings', () => {
  const user = { name: 'gw', password: 'of-the-site' }
  it.each([
    ['a short password', { users: [{ name: 'gw', password: 'short' }] }],
    ['a name that is there twice', { users: [user, user] }],
    ['no user at all', { users: [] }],
    ['a filter that is none', { topics: ['a/#/b'] }],
    ['a filter of a user that is none', { users: [{ ...user, topics: ['a+'] }] }],
    ['an address that is none', { address: 'localhost' }]
  ])('refuse %s', (_, settings) => expect(() => mqttBrokerSettingsSchema.parse(settings)).toThrow())
})
