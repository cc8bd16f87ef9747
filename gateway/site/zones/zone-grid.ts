import type { ZoneShape } from './zone-shape.ts'

/** Cells of a grid, about so many for each zone: more cost memory, fewer let questions meet zones that are elsewhere. */
const CELLS_PER_ZONE = 16
const MIN_CELLS_PER_SIDE = 8
const MAX_CELLS_PER_SIDE = 256
const NONE: readonly ZoneShape[] = []

/**
 * Which zones may lie at a place: a grid of equal cells over all zones of a frame, each with the zones whose bounds touch it. What a question costs
 * depends on how many zones overlap at the place, not on how many there are.
 */
export class ZoneGrid {
  readonly #cells: (readonly ZoneShape[])[]
  readonly #minX: number
  readonly #minY: number
  readonly #cellsPerX: number
  readonly #cellsPerY: number
  readonly #side: number

  constructor(shapes: readonly ZoneShape[]) {
    this.#minX = shapes.reduce((least, { minX }) => Math.min(least, minX), Number.POSITIVE_INFINITY)
    this.#minY = shapes.reduce((least, { minY }) => Math.min(least, minY), Number.POSITIVE_INFINITY)
    const width = shapes.reduce((most, { maxX }) => Math.max(most, maxX), Number.NEGATIVE_INFINITY) - this.#minX
    const height = shapes.reduce((most, { maxY }) => Math.max(most, maxY), Number.NEGATIVE_INFINITY) - this.#minY
    this.#side = Math.min(MAX_CELLS_PER_SIDE, Math.max(MIN_CELLS_PER_SIDE, Math.ceil(Math.sqrt(shapes.length * CELLS_PER_ZONE))))
    this.#cellsPerX = this.#side / width
    this.#cellsPerY = this.#side / height
    const cells = Array.from({ length: this.#side * this.#side }, (): ZoneShape[] => [])
    for (const shape of shapes) {
      const toColumn = this.#column(shape.maxX)
      const toRow = this.#row(shape.maxY)
      for (let row = this.#row(shape.minY); row <= toRow; row++)
        for (let column = this.#column(shape.minX); column <= toColumn; column++) cells[row * this.#side + column]?.push(shape)
    }
    this.#cells = cells.map((cell) => (cell.length === 0 ? NONE : cell))
  }

  /** Zones whose bounds may hold the place. */
  near(x: number, y: number): readonly ZoneShape[] {
    const column = Math.floor((x - this.#minX) * this.#cellsPerX)
    const row = Math.floor((y - this.#minY) * this.#cellsPerY)
    // The far edge belongs to the last cell.
    if (!(column >= 0 && column <= this.#side && row >= 0 && row <= this.#side)) return NONE
    return this.#cells[Math.min(row, this.#side - 1) * this.#side + Math.min(column, this.#side - 1)] ?? NONE
  }

  #column(x: number): number {
    return Math.min(this.#side - 1, Math.floor((x - this.#minX) * this.#cellsPerX))
  }

  #row(y: number): number {
    return Math.min(this.#side - 1, Math.floor((y - this.#minY) * this.#cellsPerY))
  }
}
