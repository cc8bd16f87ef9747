import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { partitionOfKey } from './partition-of-key.ts'

describe('partition of a key', () => {
  it("is the one that kafkajs' default partitioner, and so Java's, takes", () => {
    const partitioner = Partitioners.DefaultPartitioner()
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 64 }), (key, partitions) => {
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          partitionId,
          leader: 0,
          partitionErrorCode: 0,
          replicas: [0],
          isr: [0]
        }))
        expect(partitionOfKey(key, partitions)).toBe(partitioner({ topic: 't', partitionMetadata, message: { key, value: '' } }))
      })
    )
  })

  it('spreads tags over partitions', () => {
    const used = new Set(Array.from({ length: 100 }, (_, tag) => partitionOfKey(`ble:c0ffee0102${tag}`, 8)))
    expect(used.size).toBe(8)
  })
})
