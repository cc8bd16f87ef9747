import type { Anchor, Located } from './fix.ts'

/** How signal strength falls with distance: `rssi = rssiAt1mDbm − 10 · exponent · log10(metres)`, with what scatters about it. */
export interface PathLoss {
  readonly rssiAt1mDbm: number
  /** 2 in the open; 2.5 to 4 among machines and walls. */
  readonly exponent: number
  /** Standard deviation of one receiver's figure: shadows, reflections. */
  readonly shadowSdDb: number
  /** Standard deviation of what all receivers see alike: how strongly this tag sends, how it is worn. */
  readonly tagSdDb: number
  /** A tag that one receiver hears is hardly further from it; one that n receivers hear is hardly further than a √n-th of this outside of their midst. */
  readonly cellM: number
}

export const DEFAULT_PATH_LOSS: PathLoss = { rssiAt1mDbm: -59, exponent: 2.5, shadowSdDb: 6, tagSdDb: 4, cellM: 12 }

/** A receiver that heard the tag, and how strongly: the mean or median of a few seconds is better than one packet. */
export interface Hearing {
  readonly receiver: Anchor
  readonly rssiDbm: number
}

const MAX_HEARINGS = 8
/** Rings of the polar grid on which the posterior is summed, and places on each. */
const RINGS = 16
const SPOKES = 16
const INNER_M = 0.5
/** The outermost ring, in cells. */
const OUTER_CELLS = 4

/** At the receiver that hears the tag best. The accuracy is the distance at which tags are that loud, or quieter by chance, in 68 % of cases. */
export function nearestReceiver(hearings: readonly Hearing[], carryingHeightM: number, model: PathLoss = DEFAULT_PATH_LOSS): Located {
  const [strongest] = loudestFirst(hearings)
  if (strongest === undefined) return { error: 'no receiver with a known place heard the tag' }
  const { receiver } = strongest
  const posterior = new Posterior([strongest], carryingHeightM, model)
  return { x: receiver.x, y: receiver.y, z: carryingHeightM, accuracyM: posterior.radius68(receiver.x, receiver.y), used: [receiver.id] }
}

/**
 * The middle of all places weighted by how well the path loss from each explains what every receiver heard. The accuracy is the radius
 * about it that holds 68 % of that weight. With one receiver it is the place of that receiver.
 */
export function weightedByPathLoss(hearings: readonly Hearing[], carryingHeightM: number, model: PathLoss = DEFAULT_PATH_LOSS): Located {
  const heard = loudestFirst(hearings).slice(0, MAX_HEARINGS)
  if (heard.length === 0) return { error: 'no receiver with a known place heard the tag' }
  const posterior = new Posterior(heard, carryingHeightM, model)
  const { x, y } = posterior.middle()
  return { x, y, z: carryingHeightM, accuracyM: posterior.radius68(x, y), used: heard.map(({ receiver }) => receiver.id) }
}

/** Loudest first, equal ones by id, so that the order of arrival does not matter; what is no strength is left out. */
function loudestFirst(hearings: readonly Hearing[]): Hearing[] {
  const usable = hearings.filter(({ rssiDbm }) => Number.isFinite(rssiDbm) && rssiDbm < 20 && rssiDbm > -150)
  return usable.sort((a, b) => b.rssiDbm - a.rssiDbm || (a.receiver.id < b.receiver.id ? -1 : 1))
}

/** The likelihood of places on a grid around the loudest receiver, denser near it, since distances are told as factors. */
class Posterior {
  readonly #x: number[] = []
  readonly #y: number[] = []
  readonly #weight: number[] = []

  constructor(heard: readonly Hearing[], heightM: number, model: PathLoss) {
    const [loudest] = heard
    if (loudest === undefined) return
    const growth = ((OUTER_CELLS * model.cellM) / INNER_M) ** (1 / RINGS)
    const logs: number[] = []
    let greatest = Number.NEGATIVE_INFINITY
    for (let ring = 0; ring < RINGS; ring++) {
      const radius = INNER_M * growth ** (ring + 0.5)
      for (let spoke = 0; spoke < SPOKES; spoke++) {
        const angle = (2 * Math.PI * (spoke + (ring % 2) / 2)) / SPOKES
        const x = loudest.receiver.x + radius * Math.cos(angle)
        const y = loudest.receiver.y + radius * Math.sin(angle)
        // Every square metre is as likely as its neighbour: rings hold more of them the further out they are.
        const log = logLikelihood(heard, x, y, heightM, model) + 2 * Math.log(radius) + logPrior(heard, x, y, model)
        this.#x.push(x)
        this.#y.push(y)
        logs.push(log)
        greatest = Math.max(greatest, log)
      }
    }
    let sum = 0
    for (const log of logs) sum += Math.exp(log - greatest)
    for (const log of logs) this.#weight.push(Math.exp(log - greatest) / sum)
  }

  middle(): { x: number; y: number } {
    let x = 0
    let y = 0
    for (const [k, weight] of this.#weight.entries()) {
      x += weight * (this.#x[k] ?? 0)
      y += weight * (this.#y[k] ?? 0)
    }
    return { x, y }
  }

  radius68(x: number, y: number): number {
    const parts = this.#weight.map((weight, k) => ({ weight, away: Math.hypot((this.#x[k] ?? 0) - x, (this.#y[k] ?? 0) - y) }))
    parts.sort((a, b) => a.away - b.away)
    let sum = 0
    for (const { weight, away } of parts) {
      sum += weight
      if (sum >= 0.68) return away
    }
    return parts.at(-1)?.away ?? 0
  }
}

/** Receivers stand where people are: among them every place is as likely as any other, outside of them less and less. */
function logPrior(heard: readonly Hearing[], x: number, y: number, model: PathLoss): number {
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const { receiver } of heard) {
    west = Math.min(west, receiver.x)
    east = Math.max(east, receiver.x)
    south = Math.min(south, receiver.y)
    north = Math.max(north, receiver.y)
  }
  const outX = Math.max(west - x, x - east, 0)
  const outY = Math.max(south - y, y - north, 0)
  return -((outX * outX + outY * outY) * heard.length) / (2 * model.cellM * model.cellM)
}

/** What all receivers see alike is integrated out: only its mean over them is uncertain by more than the shadows. */
function logLikelihood(heard: readonly Hearing[], x: number, y: number, heightM: number, model: PathLoss): number {
  const shadow = model.shadowSdDb ** 2
  let sum = 0
  let squares = 0
  for (const { receiver, rssiDbm } of heard) {
    const distance = Math.max(Math.hypot(x - receiver.x, y - receiver.y, heightM - receiver.z), 0.1)
    const off = rssiDbm - (model.rssiAt1mDbm - 10 * model.exponent * Math.log10(distance))
    sum += off
    squares += off * off
  }
  const n = heard.length
  const common = model.tagSdDb ** 2
  return -(squares - (common * sum * sum) / (shadow + n * common)) / (2 * shadow)
}
