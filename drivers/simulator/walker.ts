import { CORRIDOR, contains, DEMO_PLAN, type DemoRoom, DOOR_HALF_WIDTH_M, type PlanPoint, roomAt } from './demo-site.ts'

/** People keep this far from walls when they choose where to go. */
const WALL_MARGIN_M = 0.8
const WALKING_SPEED_MPS = 1.2
/** Paces differ between people and days by about this share. */
const SPEED_SPREAD = 0.25
const SHORTEST_PAUSE_MS = 3_000
const LONGEST_PAUSE_MS = 45_000
/** How long somebody stays where they were steered to before walking on by themselves. */
export const STEERED_FOR_MS = 30_000
/** How long somebody who fell lies there if nobody steers them up. */
export const LIES_FOR_MS = 120_000
/** Longest single step by hand. */
export const LONGEST_STEP_M = 5

const POPULARITY = DEMO_PLAN.rooms.reduce((sum, room) => sum + room.popularity, 0)

function drawRoom(random: () => number): DemoRoom {
  let left = random() * POPULARITY
  for (const room of DEMO_PLAN.rooms) {
    left -= room.popularity
    if (left < 0) return room
  }
  return CORRIDOR
}

function drawPlace(room: DemoRoom, random: () => number): PlanPoint {
  const within = (min: number, max: number): number => min + WALL_MARGIN_M + random() * (max - min - 2 * WALL_MARGIN_M)
  return { x: within(room.minX, room.maxX), y: within(room.minY, room.maxY) }
}

/** A step into the corridor from a room's door, so that people walk along its middle and not along the wall. */
function outsideOf(door: PlanPoint): PlanPoint {
  return { x: Math.min(CORRIDOR.maxX - WALL_MARGIN_M, door.x), y: (CORRIDOR.minY + CORRIDOR.maxY) / 2 }
}

/** Straight lines through doors; rooms are convex, so none crosses a wall. */
export function route(from: DemoRoom, to: DemoRoom, place: PlanPoint): PlanPoint[] {
  if (from === to) return [place]
  const path: PlanPoint[] = []
  if (from.door !== undefined) path.push(from.door, outsideOf(from.door))
  if (to.door !== undefined) path.push(outsideOf(to.door), to.door)
  path.push(place)
  return path
}

/** One person who walks about: to a place in some room, a pause there, to the next. Moves only when told what time it is. */
export class Walker {
  readonly #random: () => number
  readonly #speedMps: number
  #x: number
  #y: number
  #nowMs: number
  #room: DemoRoom
  #path: PlanPoint[] = []
  #idleUntilMs: number
  #lying = false
  #walkedM = 0
  #stillSinceMs: number

  constructor(random: () => number, nowMs: number) {
    this.#random = random
    this.#speedMps = WALKING_SPEED_MPS * (1 + SPEED_SPREAD * (2 * random() - 1))
    this.#room = drawRoom(random)
    const { x, y } = drawPlace(this.#room, random)
    this.#x = x
    this.#y = y
    this.#nowMs = nowMs
    this.#stillSinceMs = nowMs
    this.#idleUntilMs = nowMs + random() * SHORTEST_PAUSE_MS
  }

  get x(): number {
    return this.#x
  }
  get y(): number {
    return this.#y
  }
  get room(): DemoRoom {
    return this.#room
  }
  get lying(): boolean {
    return this.#lying
  }
  get walkedM(): number {
    return this.#walkedM
  }
  get stillForMs(): number {
    return this.#nowMs - this.#stillSinceMs
  }

  advance(nowMs: number): void {
    while (this.#nowMs < nowMs) {
      if (this.#idleUntilMs > this.#nowMs) {
        this.#nowMs = Math.min(nowMs, this.#idleUntilMs)
        continue
      }
      this.#lying = false
      if (this.#path.length === 0) this.#choose()
      this.#walk(nowMs)
    }
  }

  /** A step by hand. Walls stop it; doors let it through. */
  step(dx: number, dy: number): void {
    const limit = Math.min(1, LONGEST_STEP_M / Math.max(Math.hypot(dx, dy), Number.MIN_VALUE))
    const target = this.#stopAtWalls({ x: this.#x + dx * limit, y: this.#y + dy * limit })
    this.#moveTo(target, Math.hypot(target.x - this.#x, target.y - this.#y))
    this.#lying = false
    this.#path = []
    this.#idleUntilMs = this.#nowMs + STEERED_FOR_MS
  }

  fall(): void {
    this.#lying = true
    this.#path = []
    this.#idleUntilMs = this.#nowMs + LIES_FOR_MS
    this.#stillSinceMs = this.#nowMs
  }

  #choose(): void {
    const to = drawRoom(this.#random)
    this.#path = route(this.#room, to, drawPlace(to, this.#random))
  }

  #walk(untilMs: number): void {
    const [next] = this.#path
    if (next === undefined) return
    const leftM = Math.hypot(next.x - this.#x, next.y - this.#y)
    const reachM = (this.#speedMps * (untilMs - this.#nowMs)) / 1000
    if (reachM < leftM) {
      const share = reachM / leftM
      this.#nowMs = untilMs
      this.#moveTo({ x: this.#x + (next.x - this.#x) * share, y: this.#y + (next.y - this.#y) * share }, reachM)
      return
    }
    this.#nowMs += (leftM / this.#speedMps) * 1000
    this.#moveTo(next, leftM)
    this.#path.shift()
    if (this.#path.length === 0)
      this.#idleUntilMs = this.#nowMs + SHORTEST_PAUSE_MS + this.#random() ** 2 * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
  }

  #moveTo({ x, y }: PlanPoint, byM: number): void {
    this.#x = x
    this.#y = y
    if (byM > 0) this.#stillSinceMs = this.#nowMs
    this.#walkedM += byM
    // On a sill one is still in the room that one comes from.
    if (!contains(this.#room, { x, y })) this.#room = roomAt({ x, y }) ?? this.#room
  }

  #stopAtWalls(target: PlanPoint): PlanPoint {
    const room = this.#room
    if (contains(room, target)) return target
    const beyond = roomAt(target)
    if (beyond !== undefined && this.#leadsThroughDoor(beyond, target)) return target
    const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value))
    return { x: clamp(target.x, room.minX, room.maxX), y: clamp(target.y, room.minY, room.maxY) }
  }

  #leadsThroughDoor(beyond: DemoRoom, target: PlanPoint): boolean {
    const inner = this.#room === CORRIDOR ? beyond : this.#room
    const outer = inner === beyond ? this.#room : beyond
    if (outer !== CORRIDOR || inner.door === undefined) return false
    const { door } = inner
    // Where the straight step crosses the door's wall. The yard's wall runs north-south, all others east-west.
    const upright = door.x === inner.minX && door.x === CORRIDOR.maxX
    const [from, to, wall] = upright ? [this.#x, target.x, door.x] : [this.#y, target.y, door.y]
    const share = to === from ? 0 : (wall - from) / (to - from)
    const across = upright ? this.#y + (target.y - this.#y) * share : this.#x + (target.x - this.#x) * share
    return Math.abs(across - (upright ? door.y : door.x)) <= DOOR_HALF_WIDTH_M
  }
}
