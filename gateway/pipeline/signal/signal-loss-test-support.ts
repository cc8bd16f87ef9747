import type { EventData, EventType } from '../event-data.ts'
import { PipelineRunner } from '../pipeline-runner.ts'
import type { PipelineEvent } from '../processor.ts'
import { joinTopology } from '../topology.ts'
import { receiverWatch } from './receiver-watch.ts'
import { type SignalState, signalLoss } from './signal-loss.ts'
import { signalLossSchema, signalLossSettings } from './signal-settings.ts'

/** Wall clock at pipeline time 0, so that mixing the two up is seen. */
export const WALL_MS = 1_700_000_000_000
export const TAG = 'ble:a1'
/** Of the default settings, milliseconds. */
export const FLOOR_MS = 30_000
export const CEILING_MS = 85_000
export const LEARNING_MS = 600_000

export interface Told {
  readonly type: string
  readonly key: string
  readonly atMs: number
  readonly time: number
  readonly data: Readonly<Record<string, unknown>>
}

/** A site in virtual time: what it tells is kept in `told`. */
export class Scenario {
  readonly told: Told[] = []
  readonly runner: PipelineRunner
  /** How often a receiver was said to be gone or back. */
  receiverChanges = 0
  nowMs = 0

  constructor(settings: object = {}) {
    const processors = [receiverWatch(), signalLoss(signalLossSettings(signalLossSchema.parse(settings)))]
    this.runner = new PipelineRunner({
      topology: joinTopology(processors, {
        inputs: [
          'TagMovement',
          'TagInfo',
          'TagAlert',
          'TagFix',
          'DeviceStatus',
          'SourceLost',
          'SourceRestored',
          'GatewayWasBlind',
          'DirectoryChanged'
        ],
        sinks: ['SignalLost', 'SignalRestored']
      }),
      onOutput: ({ type, key, time, data }, atMs) => {
        if (type === 'ReceiverChanged') this.receiverChanges += 1
        else this.told.push({ type, key, atMs, time, data: { ...data } })
      },
      wallAt: (nowMs) => WALL_MS + nowMs,
      onFault: (processor, key, error) => {
        throw new Error(`${processor} ${key}: ${String(error)}`)
      }
    })
  }

  /** @param lateMs it happened so long before it arrived */
  feed<Type extends EventType>(type: Type, key: string, data: EventData[Type], source?: string, lateMs = 0): void {
    const event = { type, key, time: WALL_MS + this.nowMs - lateMs, data, ...(source === undefined ? {} : { source }) }
    this.runner.feed(event as PipelineEvent, this.nowMs)
  }

  /** A frame of the tag. */
  hear(tag = TAG, data: Partial<EventData['TagInfo']> = {}, source = 'hall', lateMs = 0): void {
    this.feed('TagInfo', tag, { tag, ...data }, source, lateMs)
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.nowMs += ms
    this.runner.advanceTo(this.nowMs)
  }

  /** A frame each `everyMs` for `forMs`, the first of them after `everyMs`. */
  hearEvery(everyMs: number, forMs: number, tag = TAG, data: Partial<EventData['TagInfo']> = {}, source = 'hall'): void {
    for (let passedMs = everyMs; passedMs <= forMs; passedMs += everyMs) {
      this.wait(everyMs)
      this.hear(tag, data, source)
    }
  }

  /** A tag whose rhythm has been learnt; the last frame is just now. */
  learn(everyMs: number, tag = TAG, source = 'hall'): void {
    this.hear(tag, {}, source)
    this.hearEvery(everyMs, LEARNING_MS + everyMs, tag, {}, source)
  }

  fix(zones: string[] = [], tag = TAG, lateMs = 0): void {
    const fix = { tag, method: 'given' as const, time: WALL_MS + this.nowMs - lateMs, position: { x: 1, y: 2 }, zones }
    this.feed('TagFix', tag, { fix }, 'hall', lateMs)
  }

  loseSource(sourceId = 'hall'): void {
    this.feed('SourceLost', sourceId, { sourceId, driver: 'udp', retriable: true }, sourceId)
  }

  restoreSource(sourceId = 'hall', reason?: string): void {
    this.feed('SourceRestored', sourceId, { sourceId, driver: 'udp', ...(reason === undefined ? {} : { reason }) }, sourceId)
  }

  /** The gateway hears nothing from now on for so long. */
  beBlind(forMs: number): void {
    const fromMs = this.nowMs
    this.feed('GatewayWasBlind', '', { fromMs, toMs: fromMs + forMs })
    this.wait(forMs)
  }

  state(tag = TAG): SignalState {
    for (const { processor, key, state } of this.runner.entries())
      if (processor === 'signal-loss' && key === tag) return state as SignalState
    throw new Error(`no state of ${tag}`)
  }

  /** What was told, as `type key`. */
  names(): readonly string[] {
    return this.told.map(({ type, key }) => `${type} ${key}`)
  }
}
