import { hash, timingSafeEqual } from 'node:crypto'
import type { MqttBrokerSettings } from './settings.ts'

/** Who is connected, as far as it matters. */
export interface Rights {
  readonly mayPublish: (topic: string) => boolean
  /** Whether commands that go to this topic may be heard. */
  readonly mayHear: (topic: string) => boolean
}

const digestOf = (secret: string | Uint8Array): Buffer => hash('sha256', secret, 'buffer')
const every = (): boolean => true
const EVERYTHING: Rights = { mayPublish: every, mayHear: every }

function matches(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [index, level] of filter.entries()) {
    if (level === '#') return true
    if (index >= topic.length || (level !== '+' && level !== topic[index])) return false
  }
  return filter.length === topic.length
}

/** Whether a topic fits one of the filters (MQTT 4.7); wildcards at the beginning do not fit topics that begin with `$` (4.7.2). */
export function topicMatcher(filters: readonly string[]): (topic: string) => boolean {
  const split = filters.map((filter) => filter.split('/'))
  return (topic) => {
    const levels = topic.split('/')
    return split.some((filter) => !(topic.startsWith('$') && /^[+#]/.test(filter[0] ?? '')) && matches(filter, levels))
  }
}

const matcherOrEvery = (filters: readonly string[] | undefined): Rights['mayPublish'] =>
  filters === undefined ? every : topicMatcher(filters)

/** What a client may do that shows this name and password; undefined: it is not let in. How long it takes tells nothing of the password. */
export function createLogin(
  users: MqttBrokerSettings['users']
): (name: string | undefined, password: Uint8Array | undefined) => Rights | undefined {
  if (users === undefined) return () => EVERYTHING
  const known = new Map(
    users.map(({ name, password, topics, commandTopics }) => [
      name,
      { digest: digestOf(password), rights: { mayPublish: matcherOrEvery(topics), mayHear: matcherOrEvery(commandTopics) } }
    ])
  )
  const nobody = { digest: digestOf(''), rights: undefined }
  return (name, password) => {
    const { digest, rights } = known.get(name ?? '') ?? nobody
    return timingSafeEqual(digestOf(password ?? ''), digest) ? rights : undefined
  }
}
