import type { Lane } from '../events/define-event.ts'
import { byLane } from './lane-tables.ts'
import type { PackerLink } from './packer-link.ts'
import type { PackerReport } from './packer-thread.ts'
import type { StoreKeeper } from './store-keeper.ts'

type Packed = Extract<PackerReport, { kind: 'pack' }>

/** Blocks that the packer has made of the tail, until they are swapped in; one a lane at the most. */
export class Packing {
  readonly #keeper: StoreKeeper
  readonly #packer: PackerLink
  readonly #packed = new Map<Lane, Packed>()

  constructor(keeper: StoreKeeper, packer: PackerLink) {
    this.#keeper = keeper
    this.#packer = packer
  }

  get waits(): boolean {
    return this.#packed.size > 0
  }

  /** Something was packed, or found damaged while it was. */
  add(packed: Packed): void {
    if (packed.outcome.kind !== 'nothing') this.#packed.set(packed.lane, packed)
  }

  /** Another database lies in the place of the one that these were made from. */
  forget(): void {
    this.#packed.clear()
  }

  /** One of them. */
  swapIn(): void {
    const [packed] = this.#packed.values()
    if (packed === undefined) return
    const { lane, outcome } = packed
    this.#packed.delete(lane)
    const written = this.#keeper.guard('house', () => {
      if (outcome.kind === 'packed') this.#keeper.store.swapIn(outcome.block)
      else if (outcome.kind === 'damaged-row') this.#keeper.store.dropDamagedRow(lane, outcome.lastSequence)
    })
    if (outcome.kind === 'packed') this.#packer.written(outcome.block.data.length + 32_768)
    if (written) this.packWhatIsDue()
  }

  packWhatIsDue(): void {
    const { room, store } = this.#keeper
    const tails = byLane((lane) => ({
      // What waits to be swapped in is not packed again.
      events: this.#packed.has(lane) ? 0 : store.tailEvents(lane),
      since: store.tailSince(lane)
    }))
    this.#packer.consider(tails, Date.now(), room.state.tight)
  }
}
