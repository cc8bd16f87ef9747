/**
 * The demo site, as plain data: metres, x to the east, y to the north, origin in the south-west corner of the hall. A hall of
 * 40 m by 25 m with a corridor from west to east, rooms on both sides of it, and a yard behind its east gate.
 *
 * Every room is a rectangle, hence convex, and has one door to the corridor, hence any two places are joined by straight
 * lines through doors; the property tests of the walkers hold on to that.
 */
export interface PlanPoint {
  readonly x: number
  readonly y: number
}

export interface DemoRoom {
  readonly id: string
  readonly name: string
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
  readonly outline: readonly PlanPoint[]
  /** Middle of its door, on the wall that it shares with the corridor; absent: it is the corridor. */
  readonly door?: PlanPoint
  readonly temperatureDegC: number
  /** How often people go there, relative to the other rooms. */
  readonly popularity: number
}

export interface DemoAnchor extends PlanPoint {
  readonly id: string
  readonly z: number
}

export interface DemoPlan {
  readonly name: string
  readonly outline: readonly PlanPoint[]
  readonly rooms: readonly DemoRoom[]
  readonly anchors: readonly DemoAnchor[]
}

/** Half the width of every door. */
export const DOOR_HALF_WIDTH_M = 0.9

function room(
  [id, name]: readonly [string, string],
  [minX, minY, maxX, maxY]: readonly [number, number, number, number],
  use: { readonly door?: PlanPoint; readonly temperatureDegC: number; readonly popularity: number }
): DemoRoom {
  const outline = [
    { x: minX, y: minY },
    { x: maxX, y: minY },
    { x: maxX, y: maxY },
    { x: minX, y: maxY }
  ]
  return { id, name, minX, minY, maxX, maxY, outline, ...use }
}

export const CORRIDOR: DemoRoom = room(['corridor', 'Corridor'], [0, 11, 40, 14], { temperatureDegC: 20, popularity: 1 })

export const DEMO_PLAN: DemoPlan = {
  name: 'Demo site',
  outline: [
    { x: 0, y: 0 },
    { x: 56, y: 0 },
    { x: 56, y: 25 },
    { x: 0, y: 25 }
  ],
  rooms: [
    CORRIDOR,
    room(['workshop', 'Workshop'], [0, 14, 14, 25], { door: { x: 10, y: 14 }, temperatureDegC: 20, popularity: 4 }),
    room(['assembly', 'Assembly'], [14, 14, 28, 25], { door: { x: 21, y: 14 }, temperatureDegC: 21, popularity: 5 }),
    room(['store', 'Store'], [28, 14, 40, 25], { door: { x: 32, y: 14 }, temperatureDegC: 17, popularity: 3 }),
    room(['control-room', 'Control room'], [0, 0, 8, 11], { door: { x: 6, y: 11 }, temperatureDegC: 22, popularity: 2 }),
    room(['changing-room', 'Changing room'], [8, 0, 14, 11], { door: { x: 12, y: 11 }, temperatureDegC: 23, popularity: 1 }),
    room(['boiler-room', 'Boiler room'], [14, 0, 22, 11], { door: { x: 18, y: 11 }, temperatureDegC: 34, popularity: 1 }),
    room(['press-shop', 'Press shop'], [22, 0, 40, 11], { door: { x: 30, y: 11 }, temperatureDegC: 25, popularity: 4 }),
    room(['yard', 'Yard'], [40, 0, 56, 25], { door: { x: 40, y: 12.5 }, temperatureDegC: 8, popularity: 2 })
  ],
  anchors: [
    { id: 'a001', x: 0.3, y: 0.3, z: 3 },
    { id: 'a002', x: 0.3, y: 24.7, z: 3 },
    { id: 'a003', x: 20, y: 24.7, z: 3.5 },
    { id: 'a004', x: 20, y: 0.3, z: 3.5 },
    { id: 'a005', x: 39.7, y: 24.7, z: 3 },
    { id: 'a006', x: 39.7, y: 0.3, z: 3 },
    { id: 'a007', x: 55.7, y: 24.7, z: 4 },
    { id: 'a008', x: 55.7, y: 0.3, z: 4 }
  ]
}

/** The room that a place lies in; on a wall, the first that fits. Undefined: outside the site. */
export function roomAt(place: PlanPoint): DemoRoom | undefined {
  return DEMO_PLAN.rooms.find((each) => contains(each, place))
}

export function contains(area: DemoRoom, { x, y }: PlanPoint): boolean {
  return x >= area.minX && x <= area.maxX && y >= area.minY && y <= area.maxY
}
