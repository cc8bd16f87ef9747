import type { ClockQuality, Lane } from '../events/define-event.ts'
import type { GapReason } from '../events/gateway-events.ts'
import type { AlertKind } from '../events/raw-events.ts'

/**
 * What the page shows, as plain JSON. Instants named `…Mono` are the gateway's monotonic clock in milliseconds: the page
 * counts ages from them, so that neither a step of the gateway's wall clock nor a wrong clock of the viewer bends an age.
 * Fields named `time…` are wall time, epoch milliseconds.
 */

export type SourceHealth = 'starting' | 'up' | 'degraded' | 'down' | 'disabled'
export type StorageHealth = 'ok' | 'full' | 'failing'

export interface GatewayInfo {
  readonly id: string
  readonly site: string
  readonly epoch: string
  readonly version: string
  readonly startedMono: number
  readonly clockQuality: ClockQuality
}

export interface SourceCounters {
  readonly bytesIn: number
  readonly frames: number
  readonly readings: number
  readonly ignored: number
  readonly incomplete: number
  readonly errors: number
  readonly discardedBytes: number
  readonly dropped: number
}

export interface SourceView {
  readonly id: string
  readonly driver: string
  readonly protocol: string | null
  readonly health: SourceHealth
  /** Last failure, or what is amiss now; kept after recovery so that an installer can read it. */
  readonly lastError: { readonly code: string; readonly message: string; readonly atMono: number } | null
  readonly counters: SourceCounters
  /** Its tags can be steered from the page (a simulator). */
  readonly steerable: boolean
}

export interface LaneView {
  readonly lastSequence: number
  readonly durableSequence: number
  /** In memory, not durable yet. */
  readonly waiting: number
  /** Events that the slowest topic still waits for. */
  readonly backlog: number
  /** Age of the oldest of them; null: none, or unknown. */
  readonly backlogAgeMs: number | null
  /** Records that Kafka has acknowledged since the start or the last change of its settings. */
  readonly forwarded: number
}

export interface StorageView {
  readonly state: StorageHealth
  readonly error: string | null
  readonly logBytes: number
  readonly freeBytes: number | null
  readonly commits: number
  readonly lastCommitMs: number
  readonly damagedBlocks: number
}

export interface UplinkView {
  readonly configured: boolean
  readonly brokers: readonly string[]
  /** null: not tried yet, or not configured. */
  readonly reachable: boolean | null
  readonly lastError: string | null
  /** Topics that are not as they should be; shown, never changed. */
  readonly differences: readonly {
    readonly topic: string
    readonly setting: string
    readonly expected: string
    readonly actual: string
  }[]
  /** Records that Kafka will never take. */
  readonly setAside: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** The floor plan, metres, y upwards. */
export interface PlanView {
  readonly name: string
  /** Sources whose local frame this plan is drawn in. */
  readonly sources: readonly string[]
  readonly outline: readonly Point[]
  readonly rooms: readonly { readonly name: string; readonly outline: readonly Point[] /** Middle of its door. */; readonly door?: Point }[]
  readonly anchors: readonly ({ readonly id: string } & Point)[]
}

export interface TagAlertView {
  readonly kind: AlertKind
  readonly atMono: number
  readonly time: number
  readonly count: number
}

export interface TagView {
  readonly id: string
  readonly source: string | null
  readonly name?: string
  readonly position?: Point & { readonly z?: number | undefined; readonly frame?: string | undefined }
  readonly geo?: { readonly latitudeDeg: number; readonly longitudeDeg: number }
  /** Of the last usable fix. */
  readonly fixMono?: number
  /** Of the last frame of any kind. */
  readonly seenMono: number
  readonly batteryPct?: number
  /** Raised and not cleared; alerts that a tag can only announce, never clear, lapse after a while. */
  readonly alerts: readonly TagAlertView[]
}

/** An event of the alarm lane, for the list. */
export interface AlarmView {
  /** Unique within this run of the gateway; greater is newer. */
  readonly id: number
  readonly type: string
  readonly key: string
  readonly source: string | null
  readonly time: number
  readonly atMono: number
  /** For a TagAlert. */
  readonly alert?: { readonly kind: AlertKind; readonly edge: 'raised' | 'cleared'; readonly count: number; readonly collapsed: boolean }
  /** For a DataGap. `events`: how many, as far as known. */
  readonly gap?: { readonly reason: GapReason; readonly lane: Lane; readonly events: number }
  /** For a DeviceStatus. */
  readonly online?: boolean
  /** In the event's own words. */
  readonly detail?: string
}

export interface Problem {
  readonly code: string
  readonly message: string
}

/** All but the tags and alarms themselves. */
export interface Overview {
  readonly nowMono: number
  readonly time: number
  readonly gateway: GatewayInfo
  readonly sources: readonly SourceView[]
  readonly lanes: Readonly<Record<Lane, LaneView>>
  readonly storage: StorageView
  readonly uplink: UplinkView
  /** How many tags are known; the snapshot may show fewer. */
  readonly tagCount: number
  /** An edited configuration that is wrong and therefore not running, and the like. */
  readonly problems: readonly Problem[]
}

export interface Snapshot extends Omit<Overview, 'tagCount'> {
  /** In no particular order. */
  readonly tags: readonly TagView[]
  /** Newest first, 50 at the most. */
  readonly alarms: readonly AlarmView[]
  readonly plan: PlanView | null
}
