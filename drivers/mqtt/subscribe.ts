import { type MqttClient, ReasonCodes } from 'mqtt'
import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'
import { type MqttSettings, subscriptions, type TopicSubscription } from './settings.ts'

/** SUBACK codes from here on are refusals (3.1.1: 0x80 only; 5: section 3.9.3). */
const REFUSED_FROM = 0x80
export type SubscribeOutcome =
  /** `amiss`: in words what was not granted as asked; empty: all was. */
  { readonly kind: 'subscribed'; readonly amiss: string } | { readonly kind: 'refused'; readonly error: DriverError }

/** What the broker said to each subscription, in their order. */
export function judgeGranted(asked: readonly TopicSubscription[], codes: readonly number[]): SubscribeOutcome {
  const refused: string[] = []
  const lowered: string[] = []
  for (const [index, { topic, qos }] of asked.entries()) {
    const code = codes[index] ?? REFUSED_FROM
    if (code >= REFUSED_FROM) refused.push(`"${topic}" (${code === REFUSED_FROM ? 'no reason given' : reasonText(code)})`)
    else if (code < qos) lowered.push(`the broker gives "${topic}" with QoS ${code} instead of ${qos}`)
  }
  const why = `the broker refuses the subscription to ${refused.join(', ')}`
  if (refused.length === asked.length) return { kind: 'refused', error: new DriverError('SUBSCRIPTION_REFUSED', why, { retriable: true }) }
  return { kind: 'subscribed', amiss: (refused.length > 0 ? [why, ...lowered] : lowered).join('; ') }
}

function reasonText(code: number): string {
  const texts: Readonly<Record<number, string>> = ReasonCodes
  return texts[code] ?? `reason ${code}`
}

/**
 * Subscribes to all topics of the source in one packet and calls back once the broker has answered. `subscribed` is what
 * this program has subscribed to in this session before: what is no longer wanted is unsubscribed, for the broker keeps it.
 * Subscribing brings the retained messages each time (in 5 it could be left out): a decoder begins anew with each
 * run, and some learn from retained messages what a node is.
 */
export function subscribeAll(
  client: MqttClient,
  settings: MqttSettings,
  subscribed: Set<string>,
  done: (outcome: SubscribeOutcome) => void
): void {
  const wanted = new Map(subscriptions(settings).map((subscription) => [subscription.topic, subscription]))
  const stale = [...subscribed].filter((topic) => !wanted.has(topic))
  if (stale.length > 0)
    client.unsubscribe(stale, (error) => {
      if (!error) for (const topic of stale) subscribed.delete(topic)
    })
  for (const topic of wanted.keys()) subscribed.add(topic)
  const map = Object.fromEntries([...wanted.values()].map(({ topic, qos }) => [topic, { qos }]))
  client.subscribe(map, (error, sent, answer) => {
    if (answer === undefined || sent === undefined) {
      const why = `the broker did not answer the subscription: ${messageOf(error)}`
      done({ kind: 'refused', error: new DriverError('LINK_LOST', why, { retriable: true, cause: error }) })
      return
    }
    // MQTT.js may send them in another order than they were given; `sent` has it.
    const asked = sent.map(({ topic }) => wanted.get(topic) ?? { topic, qos: 0 as const })
    done(judgeGranted(asked, answer.granted.map(Number)))
  })
}
