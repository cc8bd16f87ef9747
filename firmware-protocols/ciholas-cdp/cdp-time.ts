import { MAX_EPOCH_MS } from '../kit/civil-time.ts'
import { u64 } from '../kit/little-endian.ts'

/** A tick is 1 / (128 x 499.2 MHz), about 15.65 ps. */
const TICKS_PER_US = 63_897.6
/** The map comes every second; one that is older than this is of a network that was started anew, or lost. */
const MAX_MAP_AGE_US = 60_000_000
/** Crystals are good to some tens of ppm. */
const MAX_RATE_ERROR = 0.001

/** Wall time of network time, by the last map (0x015A): previous ticks u64, previous real time u64 µs, current ticks u64, current real time u64. */
export class NetworkClock {
  #ticks = 0n
  #realUs = 0
  #ticksPerUs = TICKS_PER_US

  take(bytes: Uint8Array, at: number): void {
    const ticks = u64(bytes, at + 16)
    const real = u64(bytes, at + 24)
    const realUs = Number(real)
    if (realUs <= 0 || realUs / 1000 > MAX_EPOCH_MS) return
    const rate = Number(ticks - u64(bytes, at)) / Number(real - u64(bytes, at + 8))
    this.#ticks = ticks
    this.#realUs = realUs
    this.#ticksPerUs = Math.abs(rate / TICKS_PER_US - 1) < MAX_RATE_ERROR ? rate : TICKS_PER_US
  }

  /** Epoch milliseconds of the ticks u64 at `at`; undefined where no map is near. */
  epochMs(bytes: Uint8Array, at: number): number | undefined {
    if (this.#realUs === 0) return undefined
    const sinceUs = Number(u64(bytes, at) - this.#ticks) / this.#ticksPerUs
    return Math.abs(sinceUs) > MAX_MAP_AGE_US ? undefined : Math.floor((this.#realUs + sinceUs) / 1000)
  }
}
