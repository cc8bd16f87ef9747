import { describe, expect, it } from 'vitest'
import { AckGate } from './ack-gate.ts'
import { watchCommits } from './commit-watch.ts'

describe('watchCommits', () => {
  const gateWith = (count: number) => {
    const gate = new AckGate(() => undefined)
    const entries = Array.from({ length: count }, (_, index) => {
      const entry = gate.expect(index + 1, 1_000)
      gate.hold(index + 1, Uint8Array.of(index))
      return entry
    })
    const confirm = (index: number, nowMs: number): void => {
      for (const entry of entries.slice(index, index + 1)) gate.confirm(entry, nowMs)
    }
    return { gate, confirm }
  }

  it('is content while nothing waits, or not for long', () => {
    expect(watchCommits(gateWith(0).gate, 1e9).kind).toBe('fine')
    expect(watchCommits(gateWith(1).gate, 10_999)).toEqual({ kind: 'fine', why: '' })
  })

  it('says that the log is slow, and gives the connection up when it confirms nothing for a minute', () => {
    const { gate } = gateWith(2)
    expect(watchCommits(gate, 11_000)).toEqual({ kind: 'slow', why: 'the log has not confirmed messages for more than 10 s' })
    expect(watchCommits(gate, 60_999).kind).toBe('slow')
    expect(watchCommits(gate, 61_000).kind).toBe('lost')
  })

  it('gives the connection up soon when the log has passed a message over', () => {
    const { gate, confirm } = gateWith(3)
    confirm(2, 1_100)
    expect(watchCommits(gate, 6_099).kind).toBe('fine')
    expect(watchCommits(gate, 6_100)).toMatchObject({ kind: 'lost', why: expect.stringContaining('did not store a message') })
    confirm(0, 6_000)
    expect(watchCommits(gate, 10_999).kind).toBe('fine')
    expect(watchCommits(gate, 11_000).kind).toBe('lost')
    confirm(1, 11_000)
    expect(watchCommits(gate, 100_000).kind).toBe('fine')
  })

  it('gives no connection up while the storage fails, nor before what memory held has had its time', () => {
    const { gate, confirm } = gateWith(3)
    const heldUp = { storageFailedMs: 3_600_000, deafSinceMs: undefined }
    expect(watchCommits(gate, 3_600_000, heldUp).kind).toBe('slow')
    confirm(2, 3_600_100)
    expect(watchCommits(gate, 3_629_999, heldUp).kind).toBe('slow')
    expect(watchCommits(gate, 3_630_000, heldUp).kind).toBe('lost')
  })

  it('gives a connection up by which not even an alarm can come in, though the storage fails', () => {
    const { gate } = gateWith(3)
    const heldUp = { storageFailedMs: 20_000, deafSinceMs: 11_000 }
    expect(watchCommits(gate, 20_999, heldUp).kind).toBe('slow')
    expect(watchCommits(gate, 21_000, heldUp)).toMatchObject({ kind: 'lost', why: expect.stringContaining('may send no more') })
  })
})
