import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CORRIDOR, contains, DEMO_PLAN, DOOR_HALF_WIDTH_M, roomAt } from './demo-site.ts'
import { createRandom } from './random.ts'
import { LIES_FOR_MS, LONGEST_STEP_M, STEERED_FOR_MS, Walker } from './walker.ts'

const FASTEST_MPS = 1.2 * 1.25

describe('a walker', () => {
  it('stays on the site, walks no faster than people do, and changes rooms at doors only', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 50, maxLength: 300 }), (seed, waits) => {
        const walker = new Walker(createRandom(seed), 0)
        let nowMs = 0
        for (const wait of waits) {
          const { x, y, room } = walker
          nowMs += wait
          walker.advance(nowMs)
          expect(contains(walker.room, walker)).toBe(true)
          const reachM = (FASTEST_MPS * wait) / 1000 + 1e-9
          expect(Math.hypot(walker.x - x, walker.y - y)).toBeLessThanOrEqual(reachM)
          if (walker.room === room) continue
          const doors = [room.door, walker.room.door].filter((door) => door !== undefined)
          expect(doors.some((door) => Math.hypot(door.x - walker.x, door.y - walker.y) <= reachM)).toBe(true)
        }
      }),
      { numRuns: 60 }
    )
  })

  it('is where it is however often it was asked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 20 }), (seed, looks) => {
        const watched = new Walker(createRandom(seed), 0)
        for (const lookMs of looks.sort((a, b) => a - b)) watched.advance(lookMs)
        watched.advance(300_000)
        const alone = new Walker(createRandom(seed), 0)
        alone.advance(300_000)
        expect(watched.x).toBeCloseTo(alone.x, 6)
        expect(watched.y).toBeCloseTo(alone.y, 6)
        expect(watched.walkedM).toBeCloseTo(alone.walkedM, 6)
      }),
      { numRuns: 40 }
    )
  })

  it('gets about: in a day every room is visited', () => {
    const walker = new Walker(createRandom(7), 0)
    const visited = new Set<string>()
    for (let nowMs = 0; nowMs < 8 * 3_600_000; nowMs += 5_000) {
      walker.advance(nowMs)
      visited.add(walker.room.id)
    }
    expect([...visited].sort()).toEqual(DEMO_PLAN.rooms.map(({ id }) => id).sort())
  })
})

describe('a steered walker', () => {
  it('never leaves the site nor passes a wall, whatever the steps', () => {
    const step = fc.record({ dx: fc.double({ min: -20, max: 20, noNaN: true }), dy: fc.double({ min: -20, max: 20, noNaN: true }) })
    fc.assert(
      fc.property(fc.nat(), fc.array(step, { maxLength: 60 }), (seed, steps) => {
        const walker = new Walker(createRandom(seed), 0)
        for (const { dx, dy } of steps) {
          const { x, y, room } = walker
          walker.step(dx, dy)
          expect(Math.hypot(walker.x - x, walker.y - y)).toBeLessThanOrEqual(LONGEST_STEP_M + 1e-9)
          expect(contains(walker.room, walker)).toBe(true)
          if (walker.room === room) continue
          // One of the two is the corridor, and the door of the other lies on the way.
          const inner = room === CORRIDOR ? walker.room : room
          expect([room, walker.room]).toContain(CORRIDOR)
          const door = inner.door ?? { x: Number.NaN, y: Number.NaN }
          const length = Math.hypot(walker.x - x, walker.y - y)
          const away = Math.abs((walker.x - x) * (door.y - y) - (walker.y - y) * (door.x - x)) / length
          expect(away).toBeLessThanOrEqual(DOOR_HALF_WIDTH_M + 1e-9)
        }
      }),
      { numRuns: 300 }
    )
  })

  it('walks through a door and is stopped by the wall beside it', () => {
    const walker = new Walker(createRandom(3), 0)
    const goTo = (x: number, y: number): void => {
      for (let step = 0; step < 40; step++) walker.step(x - walker.x, y - walker.y)
    }
    const home = walker.room.door ?? { x: walker.x, y: walker.y }
    goTo(home.x, home.y)
    goTo(Math.min(home.x, 39), 12.5)
    goTo(30, 12.5)
    goTo(30, 10)
    expect(walker.room.id).toBe('press-shop')
    goTo(26, 10)
    goTo(26, 12.5)
    expect([walker.room.id, walker.y]).toEqual(['press-shop', 11])
  })

  it('stays where it was left for a while, then goes its way from there', () => {
    const walker = new Walker(createRandom(5), 0)
    walker.advance(10_000)
    walker.step(0.5, 0)
    const { x, y } = walker
    walker.advance(10_000 + STEERED_FOR_MS)
    expect([walker.x, walker.y]).toEqual([x, y])
    walker.advance(10_000 + STEERED_FOR_MS + 60_000)
    expect([walker.x, walker.y]).not.toEqual([x, y])
  })

  it('lies where it fell until it gets up or is steered', () => {
    const walker = new Walker(createRandom(5), 0)
    walker.advance(10_000)
    walker.fall()
    walker.advance(10_000 + LIES_FOR_MS - 1)
    expect(walker.lying).toBe(true)
    expect(walker.stillForMs).toBe(LIES_FOR_MS - 1)
    walker.step(0.1, 0)
    expect(walker.lying).toBe(false)
    walker.fall()
    walker.advance(10_000 + 3 * LIES_FOR_MS)
    expect(walker.lying).toBe(false)
  })
})

it('finds no room outside the site', () => {
  expect(roomAt({ x: -1, y: 3 })).toBeUndefined()
})
