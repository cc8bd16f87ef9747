import { expect, it } from 'vitest'
import { CORRIDOR, contains, DEMO_PLAN, roomAt } from './demo-site.ts'

it('covers the whole site with rooms that do not overlap', () => {
  const [west, , east] = DEMO_PLAN.outline
  if (west === undefined || east === undefined) throw new Error('the outline has corners')
  const area = DEMO_PLAN.rooms.reduce((sum, { minX, minY, maxX, maxY }) => sum + (maxX - minX) * (maxY - minY), 0)
  expect(area).toBeCloseTo((east.x - west.x) * (east.y - west.y))
  for (let x = west.x + 0.25; x < east.x; x += 0.5)
    for (let y = west.y + 0.25; y < east.y; y += 0.5) expect(DEMO_PLAN.rooms.filter((room) => contains(room, { x, y }))).toHaveLength(1)
})

it('has every door on a wall that the room shares with the corridor', () => {
  for (const room of DEMO_PLAN.rooms) {
    if (room === CORRIDOR) continue
    const { door } = room
    if (door === undefined) throw new Error(`${room.id} has no door`)
    expect(contains(room, door)).toBe(true)
    expect(contains(CORRIDOR, door)).toBe(true)
  }
})

it('names rooms and anchors once, and has the anchors inside', () => {
  const ids = [...DEMO_PLAN.rooms, ...DEMO_PLAN.anchors].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const anchor of DEMO_PLAN.anchors) {
    expect(anchor.id).toMatch(/^[0-9a-f]{4}$/)
    expect(roomAt(anchor)).toBeDefined()
  }
})
