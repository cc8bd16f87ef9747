import type { EventData } from '../event-data.ts'
import { type AnyOf, type AnyProcessor, type Context, defineProcessor } from '../processor.ts'
import { isTimeOf, type LocalTime, localClock } from './local-time.ts'
import type { ZoneRule, ZoneRules } from './zone-status-settings.ts'

type Status = EventData['ZoneStatusChanged']['status']
type Evidence = EventData['ZoneStatusChanged']['evidence']
type StatusContext = Context<'ZoneStatusChanged', 'status'>
type Taken = AnyOf<'DirectoryChanged' | 'DeviceStatus' | 'ZonesChanged'>

const MINUTE_MS = 60_000
/** Switched ahead of time, for one zone; beside them what holds now, and one that has just come. */
const MOST_AHEAD = 20
const SEVERITY: Readonly<Record<Status, number>> = { normal: 0, closed: 1, dangerous: 2 }

interface Switched {
  readonly status: Status
  /** From when on, epoch milliseconds. */
  readonly at: number
  readonly evidence: Evidence
}

/** What makes a zone what it is. */
interface Reason {
  readonly status: Status
  readonly by: 'switch' | 'schedule' | 'equipment'
  readonly evidence: Evidence
}

interface DeviceState {
  running?: boolean
  online?: boolean
  /** Of the latest status, and of the first of those that say the same; epoch milliseconds. */
  time: number
  since: number
}

interface StatusState {
  /** Zones that are not normal, and why. */
  zones: Record<string, Reason>
  /** By zone, in order of `at`: what was switched last, and what was switched for later. */
  switches: Record<string, Switched[]>
  devices: Record<string, DeviceState>
}

/**
 * Tells when a zone becomes dangerous, closed or normal. A switch, the schedule and equipment each say what it is, and the gravest counts: dangerous before closed before normal. So
 * nobody can switch to normal what a machine or the plan makes dangerous; switching to normal takes back what was switched. All zones are one key, for the clock concerns
 * all, also those that no event names. Expects `ZonesChanged` at the start.
 *
 * @param zones ids of all zones
 */
export function zoneStatus(zones: ReadonlySet<string>, { timeZone, rules }: ZoneRules): AnyProcessor {
  const byZone = new Map<string, ZoneRule[]>()
  for (const rule of rules) if (zones.has(rule.zone)) byZone.set(rule.zone, [...(byZone.get(rule.zone) ?? []), rule])
  const devices = new Set(rules.map(({ equipment }) => equipment?.device).filter((device) => device !== undefined))
  const judge = new StatusJudge(zones, byZone, localClock(timeZone))
  return defineProcessor({
    name: 'zone-status',
    title: 'Tells when zones become dangerous, closed or normal',
    in: ['DirectoryChanged', 'DeviceStatus', 'ZonesChanged'],
    out: ['ZoneStatusChanged'],
    timers: ['status'],
    version: 1,
    key(event) {
      const concerns =
        event.type === 'DeviceStatus'
          ? devices.has(event.data.device)
          : event.type === 'ZonesChanged' || (event.data.change.kind === 'zone-status' && zones.has(event.data.change.zone))
      return concerns ? 'zones' : undefined
    },
    initial: (): StatusState => ({ zones: {}, switches: {}, devices: {} }),
    process(event, state, context) {
      if (judge.note(event, state)) judge.tell(state, context)
    },
    onTimer: (_name, state, context) => judge.tell(state, context)
  })
}

class StatusJudge {
  readonly #zones: ReadonlySet<string>
  readonly #rules: ReadonlyMap<string, readonly ZoneRule[]>
  readonly #clock: (wallMs: number) => LocalTime
  readonly #hasTimes: boolean

  constructor(zones: ReadonlySet<string>, rules: ReadonlyMap<string, readonly ZoneRule[]>, clock: (wallMs: number) => LocalTime) {
    this.#zones = zones
    this.#rules = rules
    this.#clock = clock
    this.#hasTimes = [...rules.values()].flat().some(({ equipment }) => equipment === undefined)
  }

  /** Gives whether that may change anything. */
  note(event: Taken, state: StatusState): boolean {
    if (event.type === 'DeviceStatus') return noteDevice(event, state)
    if (event.type === 'DirectoryChanged') noteSwitch(event, state)
    else
      for (const kept of [state.zones, state.switches]) for (const zone of Object.keys(kept)) if (!this.#zones.has(zone)) delete kept[zone]
    return true
  }

  tell(state: StatusState, context: StatusContext): void {
    const { wallMs } = context
    const local = this.#clock(wallMs)
    for (const zone of new Set([...this.#rules.keys(), ...Object.keys(state.switches), ...Object.keys(state.zones)])) {
      const reason = this.#reasonOf(zone, state, wallMs, local)
      const before = state.zones[zone]
      if (reason === undefined) delete state.zones[zone]
      else state.zones[zone] = reason
      if (reason?.status === before?.status) continue
      const { by, evidence } = reason ?? ended(before, state.switches[zone]?.[0])
      context.emit('ZoneStatusChanged', {
        key: zone,
        time: wallMs,
        data: { zone, status: reason?.status ?? 'normal', before: before?.status ?? 'normal', by, evidence }
      })
    }
    // Rules begin and end with whole minutes. So often a clock that was set is noticed, too.
    let inMs = this.#hasTimes ? MINUTE_MS - (wallMs % MINUTE_MS) : Number.POSITIVE_INFINITY
    for (const each of Object.values(state.switches)) {
      for (const { at } of each) if (at > wallMs) inMs = Math.min(inMs, at - wallMs, MINUTE_MS)
    }
    if (inMs !== Number.POSITIVE_INFINITY) context.setTimer('status', context.nowMs + inMs)
  }

  /** The gravest reason; among equals the switch, then the rules in their order. Undefined: normal. */
  #reasonOf(zone: string, state: StatusState, wallMs: number, local: LocalTime): Reason | undefined {
    let gravest: Reason | undefined
    const consider = (reason: Reason): void => {
      if (SEVERITY[reason.status] > SEVERITY[gravest?.status ?? 'normal']) gravest = reason
    }
    const switches = state.switches[zone] ?? []
    const latest = switches.findLastIndex(({ at }) => at <= wallMs)
    if (latest > 0) switches.splice(0, latest)
    const switched = latest < 0 ? undefined : switches[0]
    if (switched !== undefined) consider({ status: switched.status, by: 'switch', evidence: switched.evidence })
    for (const rule of this.#rules.get(zone) ?? []) {
      const { status, equipment, weekly, dated } = rule
      if (equipment === undefined) {
        if (isTimeOf(rule, local)) consider({ status, by: 'schedule', evidence: { ...(weekly ?? dated), localTime: local.stamp } })
      } else {
        const device = state.devices[equipment.device]
        if (device !== undefined && isIn(device, equipment.is))
          consider({ status, by: 'equipment', evidence: { ...equipment, since: device.since } })
      }
    }
    return gravest
  }
}

/** Back to normal: what held before, and who switched to normal if that was it. */
function ended(before: Reason | undefined, switched: Switched | undefined): Pick<Reason, 'by' | 'evidence'> {
  const by = before?.by ?? 'switch'
  const who = by === 'switch' && switched?.status === 'normal' ? switched.evidence : {}
  return { by, evidence: { ...who, ended: before?.evidence ?? {} } }
}

/** Older states than the one known are passed over; a field that a status leaves out stays as it was. */
function noteDevice({ data, time }: AnyOf<'DeviceStatus'>, state: StatusState): boolean {
  const before = state.devices[data.device]
  if (before !== undefined && time < before.time) return false
  const running = data.running ?? before?.running
  const online = data.online ?? before?.online
  const isSame = before !== undefined && running === before.running && online === before.online
  state.devices[data.device] = {
    ...(running === undefined ? {} : { running }),
    ...(online === undefined ? {} : { online }),
    time,
    since: isSame ? before.since : time
  }
  return !isSame
}

function isIn({ running, online }: DeviceState, is: 'running' | 'stopped' | 'online' | 'offline'): boolean {
  if (is === 'running' || is === 'stopped') return running === (is === 'running')
  return online === (is === 'online')
}

/** In order of the time from which each holds, whatever the order in which they come; those furthest ahead are dropped where there are too many. */
function noteSwitch({ data }: AnyOf<'DirectoryChanged'>, state: StatusState): void {
  const { change, by, who, at } = data
  if (change.kind !== 'zone-status') return
  const evidence: Evidence = {
    switchedBy: by,
    at,
    ...(who === undefined ? {} : { who }),
    ...(data.conflict === undefined ? {} : { conflict: data.conflict })
  }
  const all = [...(state.switches[change.zone] ?? []), { status: change.status, at, evidence }].sort((a, b) => a.at - b.at)
  state.switches[change.zone] = all.slice(0, MOST_AHEAD + 2)
}
