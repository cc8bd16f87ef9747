import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Signal } from '../../firmware-protocols/reading.ts'
import { type Edge, type EdgeState, stepEdge } from './alert-edges.ts'

interface Hearing {
  readonly atMs: number
  readonly signal: Signal
  readonly receiver?: string
  /** Set of the wall clock against the monotonic one. */
  readonly wallStepMs?: number
}

function play(hearings: readonly Hearing[], start?: EdgeState): { edges: Edge[]; state: EdgeState | undefined } {
  let state = start
  const edges: Edge[] = []
  for (const { atMs, signal, receiver, wallStepMs = 0 } of hearings) {
    const step = stepEdge(state, signal, { receivedAt: 1_000_000 + atMs + wallStepMs, monotonicMs: atMs, bootId: 'b', receiver })
    state = step.state
    if (step.edge !== undefined) edges.push(step.edge)
  }
  return { edges, state }
}

const counter = (count: number, active?: boolean): Signal => ({
  kind: 'sos',
  form: 'counter',
  modulus: 256,
  count,
  ...(active === undefined ? {} : { active })
})
const level = (on: boolean): Signal => ({ kind: 'sos', form: 'level', on })
const age = (ageS: number): Signal => ({ kind: 'sos', form: 'age', ageS, saturatesAtS: 65_535 })
const event = (id?: string): Signal => ({ kind: 'fall', form: 'event', ...(id === undefined ? {} : { id }) })
const at = (signals: readonly Signal[], everyMs = 1_000): Hearing[] => signals.map((signal, index) => ({ atMs: index * everyMs, signal }))
const counts = (edges: readonly Edge[]): number[] => edges.map((edge) => edge.count)

describe('levels', () => {
  it('raise at first sight of a set state and count repeats on the cleared edge', () => {
    const { edges } = play(at([level(true), level(true), level(true), level(false), level(true)]))
    expect(edges.map((edge) => [edge.edge, edge.firstSight, edge.repeats])).toEqual([
      ['raised', true, 0],
      ['cleared', false, 2],
      ['raised', false, 0]
    ])
  })
  it('take first sight of an unset state as a baseline', () => {
    expect(play(at([level(false), level(false)])).edges).toEqual([])
  })
  it('give one edge per change, whatever is repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 30 }), (runs) => {
        const heard = runs.flatMap(([on, times]) => Array.from({ length: times }, () => on))
        const changes = heard.filter((on, index) => (index === 0 ? on : on !== heard[index - 1]))
        expect(play(at(heard.map(level))).edges.map((edge) => edge.edge === 'raised')).toEqual(changes)
      })
    )
  })
})

describe('levels heard by several receivers', () => {
  const heardBy = (list: readonly [number, string, boolean][]): Hearing[] =>
    list.map(([atMs, receiver, on]) => ({ atMs, receiver, signal: level(on) }))
  const edges = (list: readonly [number, string, boolean][]): string[] => play(heardBy(list)).edges.map(({ edge }) => edge)
  it('are not raised again by a late copy from another', () => {
    expect(
      edges([
        [0, 'r1', true],
        [10, 'r2', true],
        [5_000, 'r1', false],
        [5_020, 'r2', true],
        [5_030, 'r2', false]
      ])
    ).toEqual(['raised', 'cleared'])
  })
  it('are raised again at once by the one that heard the end, and by another when it goes on', () => {
    expect(
      edges([
        [0, 'r1', true],
        [5_000, 'r1', false],
        [5_100, 'r1', true]
      ])
    ).toEqual(['raised', 'cleared', 'raised'])
    expect(
      edges([
        [0, 'r1', true],
        [5_000, 'r1', false],
        [5_100, 'r2', true],
        [6_100, 'r2', true]
      ])
    ).toEqual(['raised', 'cleared', 'raised'])
  })
})

describe('counters', () => {
  it('take the first sight as a baseline, unless the frame says that it is triggered now', () => {
    expect(play(at([counter(7)])).edges).toEqual([])
    expect(counts(play(at([counter(7, true)])).edges)).toEqual([1])
  })
  it('raise once however many receivers hear it, and count what was missed', () => {
    expect(counts(play(at([counter(7), counter(8), counter(8), counter(8), counter(11)], 10)).edges)).toEqual([1, 3])
  })
  it('wrap', () => {
    expect(counts(play(at([counter(255), counter(0)])).edges)).toEqual([1])
  })
  it('take a lower value that holds as a reboot, and the next rise as an alert', () => {
    expect(counts(play(at([counter(200), counter(0), counter(0), counter(1)])).edges)).toEqual([1])
    expect(counts(play(at([counter(50), counter(0), counter(1)])).edges)).toEqual([1])
  })
  it('are not fooled by late copies of older frames from a receiver that sends in batches', () => {
    const frames = [counter(4), counter(5), counter(3), counter(4), counter(4), counter(5), counter(5)]
    expect(counts(play(at(frames, 1)).edges)).toEqual([1])
  })
  it('survive a restart between press and repeat', () => {
    const before = play(at([counter(1), counter(2)]))
    expect(counts(play([{ atMs: 5_000, signal: counter(2) }], JSON.parse(JSON.stringify(before.state)) as EdgeState).edges)).toEqual([])
    expect(counts(play([{ atMs: 5_000, signal: counter(3) }], JSON.parse(JSON.stringify(before.state)) as EdgeState).edges)).toEqual([1])
  })
  it('raise again for the same count, triggered long after it was: a new battery, and pressed before anything was heard', () => {
    const press = [counter(0), counter(1, true), counter(1, true), counter(1, false)]
    const later = (atMs: number, active = true): Hearing => ({ atMs, signal: counter(1, active) })
    expect(counts(play([...at(press), later(86_400_000), later(86_401_000)]).edges)).toEqual([1, 1])
    expect(counts(play([{ atMs: 0, signal: counter(1) }, later(60_000)]).edges)).toEqual([1])
    // What goes on, and copies that a receiver kept back for minutes, are the press that is known.
    expect(counts(play([...at(press), later(400_000), later(900_000), later(1_400_000), later(1_500_000, false)]).edges)).toEqual([1])
    // So is what goes on over a restart of the gateway's machine.
    const saved = JSON.parse(JSON.stringify({ ...play(at(press)).state, bootId: 'before' })) as EdgeState
    expect(counts(play([later(5_000), later(6_000)], saved).edges)).toEqual([])
    expect(counts(play([later(5_000, false), later(900_000)], saved).edges)).toEqual([1])
  })
  it('add up to the presses, whatever is lost, doubled or late', () => {
    const frame = fc.record({ presses: fc.integer({ min: 0, max: 3 }), copies: fc.integer({ min: 0, max: 3 }), late: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.array(frame, { maxLength: 60 }), (first, frames) => {
        const heard: Hearing[] = [{ atMs: 0, signal: counter(first) }]
        let count = first
        let atMs = 0
        for (const { presses, copies, late } of frames) {
          const before = count
          count = (count + presses) % 256
          atMs += 1_500
          for (let copy = 0; copy < copies; copy += 1) heard.push({ atMs: atMs + copy, signal: counter(count) })
          // A late copy comes with a fresh one on each side of it: some receiver is always prompt.
          if (late && copies > 0) heard.push({ atMs: atMs + 500, signal: counter(before) }, { atMs: atMs + 501, signal: counter(count) })
        }
        heard.push({ atMs: atMs + 2_000, signal: counter(count) })
        const total = frames.reduce((sum, { presses }) => sum + presses, 0)
        // More than this unseen cannot be told from a reboot.
        fc.pre(longestSilence(frames) <= 40)
        expect(counts(play(heard).edges).reduce((sum, value) => sum + value, 0)).toBe(total)
      })
    )
  })
})

/** A counter of a helmet tag, as its reports tell it, or as its advertisements do. */
const told = (count: number, bits: 8 | 4, boot = 1, active = false): Signal => {
  const modulus = 2 ** bits
  return { kind: 'fall', form: 'counter', count: count % modulus, modulus, boot, active }
}

/** What a helmet tag sends every two seconds, and what becomes of it. */
interface Sent {
  readonly falls: boolean
  readonly restarts: boolean
  /** How many milliseconds late each copy of the report, and of the advertisement, comes; none: they are lost. */
  readonly reports: readonly number[]
  readonly adverts: readonly number[]
  /** The gateway begins anew before the next that it hears. */
  readonly gatewayRestarts: boolean
}

function hearingsOf(script: readonly Sent[], firstCount: number, firstBoot: number) {
  const heard: Hearing[] = [{ atMs: 0, signal: told(firstCount, firstBoot % 2 === 0 ? 8 : 4, firstBoot) }]
  const restartsMs: number[] = []
  let count = firstCount
  let boot = firstBoot
  let fellMs = Number.NEGATIVE_INFINITY
  const hear = (sentMs: number, lateMs: number, bits: 8 | 4): void => {
    heard.push({ atMs: sentMs + lateMs, signal: told(count, bits, boot, sentMs - fellMs <= 30_000) })
  }
  for (const [index, sent] of script.entries()) {
    const sentMs = 2_000 * (index + 1)
    if (sent.falls) {
      count += 1
      fellMs = sentMs
    }
    // A restart tells nothing of falls that nobody has heard of yet.
    if (sent.restarts && sentMs - fellMs > 10_000) boot = (boot + 1) % 65_536
    for (const lateMs of sent.reports) hear(sentMs, lateMs, 8)
    for (const lateMs of sent.adverts) hear(sentMs, lateMs, 4)
    // Something comes in time every eight seconds.
    if (index % 4 === 3) hear(sentMs, 1, 8)
    if (sent.gatewayRestarts) restartsMs.push(heard.at(-1)?.atMs ?? 0)
  }
  hear(2_000 * script.length, 9_000, 8)
  heard.sort((a, b) => a.atMs - b.atMs)
  return { heard, restartsMs, falls: count - firstCount }
}

describe('counters that are told with all their bits and with fewer', () => {
  it('raise one alert for one fall, whichever way it is heard first', () => {
    for (const first of [8, 4] as const) {
      const second = first === 8 ? 4 : 8
      const heard = [told(20, 8), told(20, 4), told(21, first), told(21, second), told(21, first), told(22, second), told(22, first)]
      expect(counts(play(at(heard, 100)).edges)).toEqual([1, 1])
    }
  })
  it('know all bits again when a report comes after advertisements alone', () => {
    expect(counts(play(at([told(250, 4), told(251, 8)])).edges)).toEqual([1])
    expect(counts(play(at([told(250, 4), told(250, 8), told(251, 4)])).edges)).toEqual([1])
    expect(counts(play(at([told(250, 4), told(251, 4), told(251, 8), told(256, 4), told(0, 8), told(1, 8)])).edges)).toEqual([1, 5, 1])
  })
  it('take nothing of the boot that is known for a reboot, unless it goes on for ten seconds', () => {
    const late = Array.from({ length: 9 }, () => told(4, 4, 1, true))
    expect(counts(play(at([told(4, 8), told(5, 8), ...late, told(5, 4)])).edges)).toEqual([1])
    // A tag that lost its memory falls again: late, but told.
    const anew = Array.from({ length: 12 }, (_, second) => told(second < 3 ? 0 : 1, 8, 1, second >= 3))
    expect(counts(play(at([told(50, 8), ...anew])).edges)).toEqual([1])
  })
  it('believe a newer boot at once, and an older one not', () => {
    expect(counts(play(at([told(12, 8), told(0, 4, 2), told(1, 4, 2)], 100)).edges)).toEqual([1])
    expect(counts(play(at([told(12, 8), told(1, 8, 2, true), told(12, 4, 1, true), told(1, 4, 2)], 100)).edges)).toEqual([1])
    expect(counts(play(at([told(12, 8), told(12, 8, 2), told(13, 8, 2)], 100)).edges)).toEqual([1])
    expect(counts(play(at([told(3, 8, 65_535), told(4, 8, 0)], 100)).edges)).toEqual([1])
  })
  it('raise for a newer boot that has come to the count that is known, and not for what an alert before it left on', () => {
    const fall = { atMs: 0, signal: told(1, 8, 1, true) }
    const again = (atMs: number, bits: 8 | 4): Hearing => ({ atMs, signal: told(1, bits, 2, true) })
    for (const bits of [8, 4] as const)
      expect(
        counts(play([fall, { atMs: 31_000, signal: told(1, 8) }, again(60_000, bits), again(62_000, 8), again(64_000, 4)]).edges)
      ).toEqual([1, 1])
    expect(counts(play([fall, { atMs: 20_000, signal: told(1, 4, 1, true) }, again(29_000, 8), again(45_000, 8)]).edges)).toEqual([1])
    const saved = JSON.parse(JSON.stringify({ ...play([fall]).state, bootId: 'before' })) as EdgeState
    expect(counts(play([again(5_000, 4), again(6_000, 8)], saved).edges)).toEqual([1])
  })
  it('add up to the falls over every way they come: lost, doubled, late by seconds, over restarts of tag and gateway', () => {
    const transmission = fc.record({
      falls: fc.boolean(),
      restarts: fc.boolean(),
      reports: fc.array(fc.nat(3_000), { maxLength: 2 }),
      adverts: fc.array(fc.nat(8_000), { maxLength: 3 }),
      gatewayRestarts: fc.boolean()
    })
    fc.assert(
      fc.property(fc.nat(255), fc.nat(65_535), fc.array(transmission, { minLength: 1, maxLength: 40 }), (count, boot, script) => {
        const { falls, heard, restartsMs } = hearingsOf(script, count, boot)
        let state: EdgeState | undefined
        let told = 0
        for (const hearing of heard) {
          if (state !== undefined && restartsMs.includes(hearing.atMs)) state = JSON.parse(JSON.stringify(state)) as EdgeState
          const step = play([hearing], state)
          state = step.state
          told += counts(step.edges).reduce((sum, value) => sum + value, 0)
        }
        expect(told).toBe(falls)
      }),
      { numRuns: 500 }
    )
  })
})

function longestSilence(frames: readonly { presses: number; copies: number }[]): number {
  let longest = 0
  let current = 0
  for (const { presses, copies } of frames) {
    current += presses
    longest = Math.max(longest, current)
    if (copies > 0) current = 0
  }
  return longest
}

describe('ages', () => {
  it('give the moment it happened, once', () => {
    const heard = [0, 1_000, 2_500, 9_000].map((atMs) => ({ atMs, signal: age(Math.round(4 + atMs / 1_000)) }))
    const { edges } = play(heard)
    expect(edges).toHaveLength(1)
    expect(edges[0]?.time).toBe(1_000_000 - 4_000)
  })
  it('are not misled by a wall clock that is set', () => {
    const back = -3_600_000
    const news = [
      { atMs: 0, signal: age(1) },
      { atMs: 60_000, signal: age(2), wallStepMs: back }
    ]
    expect(play(news).edges).toHaveLength(2)
    const repeats = [
      { atMs: 0, signal: age(1) },
      { atMs: 10_000, signal: age(11), wallStepMs: -back }
    ]
    expect(play(repeats).edges).toHaveLength(1)
  })
  it('take an old one at first sight, and "never", as a baseline', () => {
    expect(play([{ atMs: 0, signal: age(4_000) }]).edges).toEqual([])
    expect(play([{ atMs: 0, signal: age(65_535) }]).edges).toEqual([])
  })
  it('raise again for a new moment, also after "never"', () => {
    expect(
      play([
        { atMs: 0, signal: age(65_535) },
        { atMs: 60_000, signal: age(1) },
        { atMs: 120_000, signal: age(2) }
      ]).edges
    ).toHaveLength(2)
  })
})

describe('events', () => {
  it('are one while they are repeated, with or without an id', () => {
    expect(play(at([event(), event(), event()])).edges).toHaveLength(1)
    expect(play(at([event('1'), event('1'), event('2')])).edges).toHaveLength(2)
  })
  it('stay one over a restart in the middle of their broadcast', () => {
    let saved: EdgeState | undefined
    let state: EdgeState | undefined
    for (let atMs = 0; atMs <= 20_000; atMs += 1_000) {
      const step = stepEdge(state, event(), { receivedAt: atMs, monotonicMs: atMs, bootId: 'b' })
      state = step.state
      if (step.save) saved = step.state
    }
    expect(play([{ atMs: 22_000, signal: event() }], saved).edges).toEqual([])
  })
  it('are news again after a pause', () => {
    expect(
      play([
        { atMs: 0, signal: event() },
        { atMs: 30_000, signal: event() }
      ]).edges
    ).toHaveLength(2)
  })
})

it('never throws and keeps a JSON state, whatever is mixed', () => {
  const signal = fc.oneof(
    fc.boolean().map(level),
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.boolean()).map(([count, active]) => counter(count, active)),
    fc.integer({ min: 0, max: 70_000 }).map(age),
    fc.option(fc.string(), { nil: undefined }).map(event)
  )
  fc.assert(
    fc.property(fc.array(signal, { maxLength: 50 }), (signals) => {
      const { state } = play(at(signals))
      if (state !== undefined) expect(JSON.parse(JSON.stringify(state))).toEqual(state)
    })
  )
})
