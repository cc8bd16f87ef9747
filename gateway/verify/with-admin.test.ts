import { type Admin, Kafka, logLevel } from 'kafkajs'
import { describe, expect, it, vi } from 'vitest'
import { withAdmin } from './with-admin.ts'

/** A client that never connects anywhere: what matters is what becomes of the question. */
function kafkaOf(admins: Admin[]): Kafka {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })
  const create = kafka.admin.bind(kafka)
  kafka.admin = () => {
    const admin = create()
    vi.spyOn(admin, 'connect').mockResolvedValue()
    vi.spyOn(admin, 'disconnect').mockResolvedValue()
    admins.push(admin)
    return admin
  }
  return kafka
}

function failure(retriable: boolean): Error {
  return Object.assign(new Error('not the leader'), { retriable })
}

describe('withAdmin', () => {
  it('asks again with a fresh client while the answer is worth another try', async () => {
    const admins: Admin[] = []
    const asked: Admin[] = []
    const answer = await withAdmin(kafkaOf(admins), 10_000, (admin) => {
      asked.push(admin)
      return asked.length < 3 ? Promise.reject(failure(true)) : Promise.resolve('answer')
    })
    expect(answer).toBe('answer')
    expect(new Set(asked).size).toBe(3)
    for (const admin of admins) expect(admin.disconnect).toHaveBeenCalledTimes(1)
  })

  it('passes on at once what no repetition cures, and the last failure when the time is over', async () => {
    const admins: Admin[] = []
    await expect(withAdmin(kafkaOf(admins), 10_000, () => Promise.reject(failure(false)))).rejects.toThrow('not the leader')
    expect(admins).toHaveLength(1)
    await expect(withAdmin(kafkaOf(admins), -1, () => Promise.reject(failure(true)))).rejects.toThrow('not the leader')
    expect(admins).toHaveLength(2)
  })
})
