import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FetchedRecord, PartitionProgress } from './partition-progress.ts'

type Kind = 'record' | 'unused' | 'marker'

function recordAt(offset: number, isControlRecord = false, batchContext = { producerId: '-1', inTransaction: false }): FetchedRecord {
  return { offset: String(offset), timestamp: '0', key: null, value: null, isControlRecord, batchContext }
}

describe('PartitionProgress', () => {
  it('takes each record once and in order, up to the end, however a fetch reaches back and beyond', () => {
    const kinds = fc.array(fc.constantFrom<Kind>('record', 'record', 'unused', 'marker'), { minLength: 1, maxLength: 40 })
    const fetches = fc.array(fc.record({ back: fc.nat(10), length: fc.integer({ min: 1, max: 12 }) }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.nat(10), kinds, fc.nat(5), fetches, (low, offsets, beyond, cuts) => {
        const end = low + offsets.length
        const log = [...offsets, ...Array.from({ length: beyond }, () => 'record' as const)]
          .map((kind, index) => ({ kind, offset: low + index }))
          .filter(({ kind }) => kind !== 'unused')
        const progress = new PartitionProgress({ topic: 't', partition: 0, low, end })
        const taken: number[] = []
        // The last one brings all that is left.
        for (const { back, length } of [...cuts, { back: 0, length: 1_000 }]) {
          const first = log.findIndex(({ offset }) => offset >= progress.next)
          if (first < 0) break
          const messages = log
            .slice(Math.max(0, first - back), first + length)
            .map(({ kind, offset }) => recordAt(offset, kind === 'marker'))
          expect(progress.take({ messages, abortedTransactions: null }, ({ offset }) => taken.push(Number(offset)))).toBe(true)
        }
        expect(taken).toEqual(log.filter(({ kind, offset }) => kind === 'record' && offset < end).map(({ offset }) => offset))
        expect(progress.complete || log.every(({ offset }) => offset < progress.next)).toBe(true)
      })
    )
  })

  it('passes over what an aborted transaction wrote', () => {
    const progress = new PartitionProgress({ topic: 't', partition: 0, low: 0, end: 4 })
    const inTransaction = { producerId: '7', inTransaction: true }
    const messages = [recordAt(0), recordAt(1, false, inTransaction), recordAt(2), recordAt(3)]
    const taken: string[] = []
    progress.take({ messages, abortedTransactions: [{ producerId: '7', firstOffset: '1' }] }, ({ offset }) => taken.push(offset))
    expect(taken).toEqual(['0', '2', '3'])
    expect(progress.complete).toBe(true)
  })

  it('does not move when nothing came', () => {
    const progress = new PartitionProgress({ topic: 't', partition: 0, low: 3, end: 4 })
    expect(progress.take({ messages: [], abortedTransactions: null }, () => undefined)).toBe(false)
    expect(progress.next).toBe(3)
    expect(progress.complete).toBe(false)
  })
})
