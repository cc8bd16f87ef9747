import type { Signal } from '../../firmware-protocols/reading.ts'

/**
 * Levels, counters and ages into edges. Radio loses most frames and several receivers hear the same one, so tags repeat
 * what they have to say; this step decides which hearing is news. It is pure: state in, state and edge out.
 *
 * - A level: first sight of "set" is an alert (fail safe), of "unset" a baseline; afterwards each change is an edge.
 * - A counter: first sight is a baseline unless the frame also says "triggered now". A rise is one alert that counts all
 *   it rose by. A fall means the tag rebooted, but late copies of older frames look the same (a receiver that sends in
 *   batches), so a lower value is believed only when it holds for a second without the higher one being heard again. Where a
 *   frame tells the number of the boot as well, a lower value of a newer boot is believed at once, and one of the same or an older
 *   boot, which only a tag that lost its memory can mean, when it holds for ten seconds. The same value, "triggered now" again
 *   long after it was, is a tag that began anew and has come to it again. A counter that also comes with fewer bits (in an
 *   advertisement) is compared by those.
 * - An age: the moment is arrival minus age; a moment already known (within the tolerance) is a repeat.
 * - An event: the same id, or none and heard again soon, is a repeat.
 */

/** Two hearings of one age-stamped event differ by the tag's resolution (1 s) and the radio's delays. */
const AGE_TOLERANCE_MS = 3_000
/** At first sight an age up to this is news; anything older was before our time. */
const AGE_NEWS_MS = 120_000
/** Tags broadcast one event for about 30 s at about one frame a second, and ten frames in a row may be lost. */
const EVENT_GAP_MS = 10_000
/** While an event is repeated, its last hearing is saved so often that a restart does not make news of the next repeat. */
const SAVE_EVENT_EVERY_MS = 3_000
/** Late copies come in one batch; a tag that rebooted goes on sending. */
const LOWER_HOLDS_MS = 1_000
/** Of a tag that numbers its boots: nearly always a late copy, by whatever way it came. */
const LOWER_OF_BOOT_HOLDS_MS = 10_000
const BOOT_MODULUS = 0x1_0000
/** Of a count told by a newer boot: tags that number their boots are "triggered" for 30 s, and late copies take 10 s at most. */
const TRIGGERED_OF_BOOT_MS = 40_000
/** Of others it is not known how long they are; what a receiver has kept back while it was cut off comes late, too. */
const TRIGGERED_MS = 600_000
const FRESH_COUNT = 8
const MANY_UNHEARD = 40
/** An id of an event says nothing after this long: counters of ids are short and wrap. */
const EVENT_ID_LIFE_MS = 600_000

export interface EdgeContext {
  /** Epoch milliseconds of arrival. */
  readonly receivedAt: number
  /** Monotonic milliseconds of arrival, comparable within `bootId`. */
  readonly monotonicMs: number
  readonly bootId: string
  /** Who heard it; frames of one receiver come in order, those of several need not. */
  readonly receiver?: string | undefined
}

/** What is remembered per tag, kind and slot; small, and JSON. */
export interface EdgeState {
  readonly form: Signal['form']
  /** level: is it set. */
  readonly on?: boolean
  /** level: who heard that it was over, and when (monotonic). */
  readonly clearedBy?: string | undefined
  readonly clearedMs?: number
  /** counter: the last value believed. */
  readonly count?: number
  /** counter: what it wraps at, the most that was heard. */
  readonly modulus?: number
  /** counter: number of the tag's boot (16 bits). */
  readonly boot?: number
  /** counter: a lower value that may mean a reboot, its modulus, and since when (monotonic). */
  readonly lower?: number
  readonly lowerModulus?: number
  readonly lowerSinceMs?: number
  /** counter: when its value was last an alert, or heard with "triggered now" (monotonic). */
  readonly triggeredMs?: number | undefined
  /** age: the moment, on the wall clock and on the monotonic clock of `bootId`. */
  readonly at?: number
  readonly atMs?: number
  /** event: its id. */
  readonly id?: string
  /** When it was last heard, on the monotonic clock of `bootId`. */
  readonly heardMs: number
  readonly bootId: string
  /** event: when this state was last saved (monotonic). */
  readonly savedMs?: number
  /** Hearings since the last edge that brought nothing new. */
  readonly repeats: number
}

export interface Edge {
  readonly edge: 'raised' | 'cleared'
  /** How many times it happened since the edge before. */
  readonly count: number
  readonly repeats: number
  readonly firstSight: boolean
  /** Event time, epoch milliseconds. */
  readonly time: number
}

export interface EdgeStep {
  readonly state: EdgeState
  readonly edge: Edge | undefined
  /** The state must survive a restart as it is now; repeats alone need not. */
  readonly save: boolean
}

export function stepEdge(state: EdgeState | undefined, signal: Signal, context: EdgeContext): EdgeStep {
  const known = state?.form === signal.form ? state : undefined
  switch (signal.form) {
    case 'level':
      return stepLevel(known, signal.on, context)
    case 'counter':
      return stepCounter(known, signal, context)
    case 'age':
      return stepAge(known, signal, context)
    case 'event':
      return stepEvent(known, signal.id, context)
  }
}

type Memory = Omit<EdgeState, 'form' | 'heardMs' | 'bootId' | 'repeats'>

function heard(form: Signal['form'], memory: Memory, repeats: number, context: EdgeContext): EdgeState {
  return { form, ...memory, heardMs: context.monotonicMs, bootId: context.bootId, repeats }
}

function repeated(known: EdgeState, context: EdgeContext): EdgeStep {
  return {
    state: { ...known, heardMs: context.monotonicMs, bootId: context.bootId, repeats: known.repeats + 1 },
    edge: undefined,
    save: false
  }
}

function raised(
  form: Signal['form'],
  memory: Memory,
  known: EdgeState | undefined,
  context: EdgeContext,
  count = 1,
  time = context.receivedAt
): EdgeStep {
  const edge: Edge = { edge: 'raised', count, repeats: known?.repeats ?? 0, firstSight: known === undefined, time }
  return { state: heard(form, memory, 0, context), edge, save: true }
}

function baseline(form: Signal['form'], memory: Memory, context: EdgeContext): EdgeStep {
  return { state: heard(form, memory, 0, context), edge: undefined, save: true }
}

function stepLevel(known: EdgeState | undefined, on: boolean, context: EdgeContext): EdgeStep {
  if (known?.on === on) return repeated(known, context)
  if (on) return known !== undefined && isLateCopy(known, context) ? repeated(known, context) : raised('level', { on }, known, context)
  const memory: Memory = { on, clearedBy: context.receiver, clearedMs: context.monotonicMs }
  if (known === undefined) return baseline('level', memory, context)
  const edge: Edge = { edge: 'cleared', count: 1, repeats: known.repeats, firstSight: false, time: context.receivedAt }
  return { state: heard('level', memory, 0, context), edge, save: true }
}

/** "Set" from another receiver just after one has heard "unset": an older frame, unless it goes on. */
function isLateCopy({ clearedBy, clearedMs, bootId }: EdgeState, context: EdgeContext): boolean {
  if (clearedBy === undefined || clearedMs === undefined || context.receiver === undefined || bootId !== context.bootId) return false
  return clearedBy !== context.receiver && context.monotonicMs - clearedMs < LOWER_HOLDS_MS
}

type CounterSignal = Signal & { form: 'counter' }

function stepCounter(saved: EdgeState | undefined, signal: CounterSignal, context: EdgeContext): EdgeStep {
  const known = withinBoot(saved, context)
  const fresh = counterMemory(signal)
  const raise = (memory: Memory, rise?: number): EdgeStep =>
    raised('counter', { ...memory, triggeredMs: context.monotonicMs }, known, context, rise)
  const begin = (): EdgeStep => (signal.active === true ? raise(fresh) : baseline('counter', fresh, context))
  if (known?.count === undefined) return begin()
  const boot = bootOrder(known.boot, signal.boot)
  if (boot !== 'older') {
    const rise = riseFrom(known.count, known.modulus, signal, boot === 'same')
    if (rise === 0) return isTriggeredAnew(known, signal, boot, context) ? begin() : stillThere(known, signal, context)
    // After a restart a count of 0 is a counter that began anew, however little it would have risen by.
    if (boot === 'newer' && (rise < 0 || signal.count === 0)) return begin()
    if (rise > 0) return raise(risenBy(rise, known, signal), rise)
  }
  const { lower, lowerModulus, lowerSinceMs } = known
  if (lower === undefined || lowerSinceMs === undefined || known.bootId !== context.bootId) return suspectReboot(known, signal, context)
  const holdsMs = boot === 'unknown' ? LOWER_HOLDS_MS : LOWER_OF_BOOT_HOLDS_MS
  if (context.monotonicMs - lowerSinceMs < holdsMs) return repeated(known, context)
  const rise = riseFrom(lower, lowerModulus, signal, false)
  return rise > 0 ? raise(fresh, rise) : begin()
}

/** What the monotonic clock of another boot said is of no use. */
function withinBoot(saved: EdgeState | undefined, { bootId }: EdgeContext): EdgeState | undefined {
  return saved === undefined || saved.bootId === bootId ? saved : { ...saved, triggeredMs: undefined }
}

/** A tag that begins at 0 again and is triggered before anything else of it is heard tells a count that is known. */
function isTriggeredAnew(
  { bootId, triggeredMs }: EdgeState,
  { active }: CounterSignal,
  boot: 'same' | 'newer' | 'unknown',
  context: EdgeContext
): boolean {
  if (active !== true || boot === 'same') return false
  if (bootId !== context.bootId) return boot === 'newer'
  if (triggeredMs === undefined) return true
  return context.monotonicMs - triggeredMs >= (boot === 'newer' ? TRIGGERED_OF_BOOT_MS : TRIGGERED_MS)
}

function counterMemory({ boot, count, modulus }: CounterSignal): Memory {
  return boot === undefined ? { count, modulus } : { count, modulus, boot }
}

/** How the frame's boot stands to the one known. */
function bootOrder(known: number | undefined, told: number | undefined): 'same' | 'newer' | 'older' | 'unknown' {
  if (known === undefined || told === undefined) return 'unknown'
  const ahead = (told - known + BOOT_MODULUS) % BOOT_MODULUS
  if (ahead === 0) return 'same'
  return ahead < BOOT_MODULUS / 2 ? 'newer' : 'older'
}

/** By how much it rose since `from`, as far as both tell; -1: it is lower. `neverBack`: it cannot have begun anew. */
function riseFrom(from: number, fromModulus: number | undefined, { count, modulus }: CounterSignal, neverBack: boolean): number {
  const common = Math.min(modulus, fromModulus ?? modulus)
  const difference = (((count - from) % common) + common) % common
  // Nobody presses forty times unheard and lands next to zero: such a rise is a tag that began anew.
  if (!neverBack && count < FRESH_COUNT && difference > MANY_UNHEARD) return -1
  return difference < common / 2 ? difference : -1
}

/** What is known after a rise: of a frame that tells fewer bits, the others are those that were known. */
function risenBy(rise: number, known: EdgeState, signal: CounterSignal): Memory {
  const { count = 0, modulus } = known
  if (modulus === undefined || modulus <= signal.modulus) return counterMemory(signal)
  return counterMemory({ ...signal, count: (count + rise) % modulus, modulus })
}

/** The count that is known; it may be told with more bits than before, or by a newer boot. */
function stillThere(known: EdgeState, signal: CounterSignal, context: EdgeContext): EdgeStep {
  const step = repeated(known, context)
  const { lower, lowerModulus: _, lowerSinceMs: __, ...state } = step.state
  const memory = risenBy(0, known, signal)
  const isNews = memory.modulus !== known.modulus || (memory.boot ?? known.boot) !== known.boot
  const triggered = signal.active === true ? { triggeredMs: context.monotonicMs } : {}
  return { ...step, state: { ...state, ...memory, ...triggered }, save: lower !== undefined || isNews }
}

/** A late copy of an older frame carries the "triggered now" of its own time, so even that waits for the proof. */
function suspectReboot(known: EdgeState, { count, modulus }: CounterSignal, context: EdgeContext): EdgeStep {
  const since = { lower: count, lowerModulus: modulus, lowerSinceMs: context.monotonicMs }
  const state = { ...known, ...since, heardMs: context.monotonicMs, bootId: context.bootId }
  return { state, edge: undefined, save: true }
}

function stepAge(known: EdgeState | undefined, signal: Signal & { form: 'age' }, context: EdgeContext): EdgeStep {
  if (signal.saturatesAtS !== undefined && signal.ageS >= signal.saturatesAtS) {
    return known === undefined ? baseline('age', {}, context) : repeated(known, context)
  }
  const ageMs = signal.ageS * 1_000
  const memory = { at: context.receivedAt - ageMs, atMs: context.monotonicMs - ageMs }
  if (known === undefined) {
    return ageMs <= AGE_NEWS_MS ? raised('age', memory, known, context, 1, memory.at) : baseline('age', memory, context)
  }
  if (!isLater(known, memory, context)) return repeated(known, context)
  return raised('age', memory, known, context, 1, memory.at)
}

/** Within one boot by the monotonic clock, which nobody sets; only over a boot by the wall clock. */
function isLater(known: EdgeState, moment: { readonly at: number; readonly atMs: number }, context: EdgeContext): boolean {
  if (known.atMs !== undefined && known.bootId === context.bootId) return moment.atMs > known.atMs + AGE_TOLERANCE_MS
  return known.at === undefined || moment.at > known.at + AGE_TOLERANCE_MS
}

function stepEvent(known: EdgeState | undefined, id: string | undefined, context: EdgeContext): EdgeStep {
  const memory: Memory = { ...(id === undefined ? {} : { id }), savedMs: context.monotonicMs }
  if (known !== undefined && known.id === id && known.bootId === context.bootId) {
    const sinceMs = context.monotonicMs - known.heardMs
    if (sinceMs < (id === undefined ? EVENT_GAP_MS : EVENT_ID_LIFE_MS)) return repeatedEvent(known, context)
  }
  const step = raised('event', memory, known, context)
  // An event is news of its own; that the tag was never heard before does not make it doubtful.
  return step.edge === undefined ? step : { ...step, edge: { ...step.edge, firstSight: false } }
}

function repeatedEvent(known: EdgeState, context: EdgeContext): EdgeStep {
  const step = repeated(known, context)
  if (context.monotonicMs - (known.savedMs ?? known.heardMs) < SAVE_EVENT_EVERY_MS) return step
  return { ...step, state: { ...step.state, savedMs: context.monotonicMs }, save: true }
}
