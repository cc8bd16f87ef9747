import type { Located } from '../../location/fix.ts'
import { DEFAULT_PATH_LOSS, type Hearing, nearestReceiver, type PathLoss, weightedByPathLoss } from '../../location/receiver-fix.ts'
import type { SiteLookup } from './site-lookup.ts'

/** A receiver that heard a tag of late. */
export interface Heard {
  readonly receiver: string
  /** Mean over the last packets, the newest counting most. */
  rssiDbm: number
  heardMs: number
}

/** What was heard longer ago says nothing of where the tag is. */
const HEARD_WITHIN_MS = 10_000
const MAX_HEARD = 8
/** Share of a new packet in the mean: fading differs from packet to packet by more than people walk in between. */
const NEWEST_SHARE = 0.3
/** To weigh receivers costs as much as a hundred other events; people walk three metres meanwhile. */
const WEIGH_EVERY_MS = 2_000

export interface Hearings {
  readonly heard: Heard[]
  fixedMs: number | null
}

export interface ReceiverFix {
  readonly located: Located
  readonly method: 'nearest-receiver' | 'receivers'
  readonly frame: string
  readonly floor: string | undefined
}

/** Fixes of tags by the receivers that hear them. */
export class ReceiverLocator {
  readonly #site: SiteLookup
  readonly #carryingHeightM: number

  constructor(site: SiteLookup, carryingHeightM: number) {
    this.#site = site
    this.#carryingHeightM = carryingHeightM
  }

  knows(receiver: string): boolean {
    return this.#site.receiver(receiver) !== undefined
  }

  /** Takes in one packet; a fix when there is news of the place: another receiver is the loudest, or some time has gone by. */
  hear(state: Hearings, receiver: string, rssiDbm: number, nowMs: number, choice: 'nearest' | 'weighted'): ReceiverFix | undefined {
    const before = loudest(state.heard)
    keep(state.heard, receiver, rssiDbm, nowMs)
    const after = loudest(state.heard)
    if (after === undefined || (before === after && state.fixedMs !== null && nowMs - state.fixedMs < WEIGH_EVERY_MS)) return undefined
    state.fixedMs = nowMs
    return this.#locate(state.heard, after, choice)
  }

  #locate(heard: readonly Heard[], loudestHeard: Heard, choice: 'nearest' | 'weighted'): ReceiverFix | undefined {
    const main = this.#site.receiver(loudestHeard.receiver)
    if (main === undefined) return undefined
    const hearings: Hearing[] = []
    for (const { receiver: id, rssiDbm } of heard) {
      const receiver = this.#site.receiver(id)
      // Ceilings weaken signals by as much as nobody has measured: those of other storeys would pull the place about.
      if (receiver?.frame === main.frame && receiver.floor === main.floor) hearings.push({ receiver, rssiDbm })
    }
    const model: PathLoss = {
      ...DEFAULT_PATH_LOSS,
      rssiAt1mDbm: main.rssiAt1mDbm ?? DEFAULT_PATH_LOSS.rssiAt1mDbm,
      exponent: main.pathLossExponent ?? DEFAULT_PATH_LOSS.exponent
    }
    const isNearest = choice === 'nearest' || hearings.length === 1
    const heightM = this.#site.floorZ(main.floor) + this.#carryingHeightM
    const located = isNearest ? nearestReceiver(hearings, heightM, model) : weightedByPathLoss(hearings, heightM, model)
    return { located, method: isNearest ? 'nearest-receiver' : 'receivers', frame: main.frame, floor: main.floor }
  }
}

function keep(heard: Heard[], receiver: string, rssiDbm: number, nowMs: number): void {
  let kept = 0
  let known: Heard | undefined
  for (const each of heard) {
    if (each.receiver === receiver) known = each
    else if (nowMs - each.heardMs > HEARD_WITHIN_MS) continue
    heard[kept] = each
    kept += 1
  }
  heard.length = kept
  if (known === undefined) {
    if (heard.length >= MAX_HEARD) heard.splice(quietest(heard), 1)
    heard.push({ receiver, rssiDbm, heardMs: nowMs })
    return
  }
  const isOld = nowMs - known.heardMs > HEARD_WITHIN_MS
  known.rssiDbm = isOld ? rssiDbm : known.rssiDbm + NEWEST_SHARE * (rssiDbm - known.rssiDbm)
  known.heardMs = nowMs
}

function loudest(heard: readonly Heard[]): Heard | undefined {
  let best: Heard | undefined
  for (const each of heard) if (best === undefined || each.rssiDbm > best.rssiDbm) best = each
  return best
}

function quietest(heard: readonly Heard[]): number {
  let place = 0
  for (let at = 1; at < heard.length; at++) if ((heard[at]?.rssiDbm ?? 0) < (heard[place]?.rssiDbm ?? 0)) place = at
  return place
}
