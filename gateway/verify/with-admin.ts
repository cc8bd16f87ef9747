import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, Kafka } from 'kafkajs'

const PAUSE_MS = 200

function isRetriable(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === true
}

/**
 * Asks the cluster something by a client of its own. kafkajs answers a moved or new leader with an error and may keep
 * its old view of the cluster, so each attempt begins with a fresh one, until `limitMs` is over.
 */
export async function withAdmin<T>(kafka: Kafka, limitMs: number, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + limitMs
  for (;;) {
    const admin = kafka.admin()
    try {
      await admin.connect()
      return await ask(admin)
    } catch (error) {
      if (!isRetriable(error) || performance.now() > giveUpAt) throw error
    } finally {
      await admin.disconnect()
    }
    await delay(PAUSE_MS)
  }
}
