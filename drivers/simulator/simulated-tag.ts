import type { LocalPosition, Reading, Signal } from '../../firmware-protocols/reading.ts'
import { createRandom, normal } from './random.ts'
import { Walker } from './walker.ts'

/** Tags hang on the chest, and near the floor when their wearer lies there. */
const WORN_AT_M = 1.3
const LYING_AT_M = 0.2
/** A lying person who has not moved for this long is reported as motionless. */
const MOTIONLESS_AFTER_MS = 15_000
const LOW_BATTERY_PCT = 15
const FULL_TO_EMPTY_MS = 48 * 3_600_000
/** The tag's movement counter counts steps; it is one byte. */
const STEP_M = 0.7
const MOTION_MODULUS = 256
/** One momentary press of the button is announced for this long. */
const SOS_PRESS_MS = 10_000

const toCentimetres = (metres: number): number => Math.round(metres * 100) / 100

export interface TagSettings {
  readonly id: string
  readonly seed: number
  readonly noiseM: number
}

/** A tag on a simulated person: what it would send at a given moment. Levels are repeated in every info, as radio tags do. */
export class SimulatedTag {
  readonly id: string
  readonly #walker: Walker
  readonly #noise: () => number
  readonly #noiseM: number
  readonly #chargeAtStart: number
  readonly #startMs: number
  #sosUntilMs = Number.NEGATIVE_INFINITY
  #eventNumber = 0
  on = true

  constructor({ id, seed, noiseM }: TagSettings, nowMs: number) {
    this.id = id
    this.#noiseM = noiseM
    this.#startMs = nowMs
    this.#walker = new Walker(createRandom(seed), nowMs)
    this.#noise = createRandom(~seed)
    this.#chargeAtStart = 0.25 + 0.75 * this.#noise()
  }

  position(nowMs: number): Reading {
    const walker = this.#walker
    walker.advance(nowMs)
    const offM = this.#noiseM
    const dx = offM * normal(this.#noise)
    const dy = offM * normal(this.#noise)
    const position: LocalPosition = {
      x: toCentimetres(walker.x + dx),
      y: toCentimetres(walker.y + dy),
      z: toCentimetres((walker.lying ? LYING_AT_M : WORN_AT_M) + offM * normal(this.#noise))
    }
    // A fix that is far off comes with a poor figure, as it does where anchors are hidden.
    const quality = Math.max(1, Math.round(98 - 60 * Math.hypot(dx, dy)))
    return { tag: this.id, position, quality }
  }

  /** Battery, temperature and the state of everything the tag can raise. */
  info(nowMs: number): Reading {
    const walker = this.#walker
    walker.advance(nowMs)
    const batteryPct = this.#batteryPct(nowMs)
    const signals: Signal[] = [
      { kind: 'sos', form: 'level', on: this.sosOn(nowMs) },
      { kind: 'motionless', form: 'level', on: this.#motionless() },
      { kind: 'low-battery', form: 'level', on: batteryPct < LOW_BATTERY_PCT },
      { kind: 'motion', form: 'counter', count: Math.floor(walker.walkedM / STEP_M) % MOTION_MODULUS, modulus: MOTION_MODULUS }
    ]
    return {
      tag: this.id,
      batteryPct,
      batteryV: toCentimetres(3.3 + 0.9 * (batteryPct / 100)),
      temperatureDegC: Math.round((walker.room.temperatureDegC + 0.4 * normal(this.#noise)) * 10) / 10,
      signals
    }
  }

  /** The frame that is sent at once when an alarm comes or goes, and repeated while one stands. */
  alarms(nowMs: number): Reading {
    this.#walker.advance(nowMs)
    const signals: Signal[] = [
      { kind: 'sos', form: 'level', on: this.sosOn(nowMs) },
      { kind: 'motionless', form: 'level', on: this.#motionless() }
    ]
    return { tag: this.id, signals }
  }

  /** `possible`: nothing is announced yet, but whoever lies may come to be motionless. */
  alarmState(nowMs: number): 'standing' | 'possible' | 'none' {
    this.#walker.advance(nowMs)
    if (this.sosOn(nowMs) || this.#motionless()) return 'standing'
    return this.#walker.lying ? 'possible' : 'none'
  }

  sosOn(nowMs: number): boolean {
    return nowMs < this.#sosUntilMs
  }

  pressSos(nowMs: number, momentary: boolean): void {
    this.#sosUntilMs = momentary ? nowMs + SOS_PRESS_MS : Number.POSITIVE_INFINITY
  }

  releaseSos(): void {
    this.#sosUntilMs = Number.NEGATIVE_INFINITY
  }

  step(nowMs: number, dx: number, dy: number): void {
    this.#walker.advance(nowMs)
    this.#walker.step(dx, dy)
  }

  /** The wearer falls. What the tag sends of it carries an id, by which repeats of it are told from a second fall. */
  drop(nowMs: number): Reading {
    this.#walker.advance(nowMs)
    this.#walker.fall()
    const id = String(++this.#eventNumber)
    return {
      tag: this.id,
      accelMps2: [toCentimetres(12 * normal(this.#noise)), toCentimetres(12 * normal(this.#noise)), 68.6],
      signals: [
        { kind: 'fall', form: 'event', id },
        { kind: 'impact', form: 'event', id }
      ]
    }
  }

  #motionless(): boolean {
    return this.#walker.lying && this.#walker.stillForMs >= MOTIONLESS_AFTER_MS
  }

  /** Drains evenly; at 3 % somebody puts it on the charger. */
  #batteryPct(nowMs: number): number {
    const used = (nowMs - this.#startMs) / FULL_TO_EMPTY_MS
    const charge = (this.#chargeAtStart - used) % 0.97
    return Math.round(100 * (charge < 0.03 ? charge + 0.97 : charge))
  }
}
