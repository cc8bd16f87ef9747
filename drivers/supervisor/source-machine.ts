/**
 * What happens to a source, decided without doing it. States:
 *
 * ```
 * off ──configure──▶ opening ──started──▶ running
 *                       │ failed             │ failed, configure
 *                       ▼                    ▼
 *                    closing ◀───────────────┘     a run is always closed before the next is opened
 *                       │ closed
 *      ┌────────────────┼─────────────────┬─────────────┐
 *   off (disabled)   opening (new       waiting       broken (fatal: only
 *                    configuration)     (back-off)    a new configuration helps)
 * ```
 *
 * Invariants (held by the property test): at most one run is open; run numbers only grow; a message of an older run changes
 * nothing; a broken source opens nothing until it is configured anew; a wait is always either under way or cancelled.
 */
export type Health = 'starting' | 'up' | 'degraded' | 'down' | 'disabled'

export interface SourceFailure {
  readonly code: string
  readonly message: string
  readonly retriable: boolean
}

export type SourcePhase = 'off' | 'opening' | 'running' | 'closing' | 'waiting' | 'broken'

export interface SourceState {
  readonly phase: SourcePhase
  /** Number of the newest run; 0: none yet. */
  readonly run: number
  /** What follows once the run under `closing` is closed. */
  readonly afterClosing: 'off' | 'opening' | 'waiting' | 'broken'
  /** Failures since the source last ran for a stable time or was configured. */
  readonly failures: number
  /** Why a running source is degraded; empty: it is not. */
  readonly amiss: string
  readonly lastFailure: SourceFailure | undefined
}

/** What concerns one run; `run` is its number. */
type RunEvent =
  | { readonly kind: 'started'; readonly run: number }
  | { readonly kind: 'failed'; readonly run: number; readonly failure: SourceFailure }
  | { readonly kind: 'degraded'; readonly run: number; readonly why: string }
  /** The run was stopped, or given up because stopping took too long. */
  | { readonly kind: 'closed'; readonly run: number }
  /** The run has been up for the stable time. */
  | { readonly kind: 'stable'; readonly run: number }

export type SourceEvent =
  /** The source is new, or its configuration changed. */
  { readonly kind: 'configure'; readonly enabled: boolean } | { readonly kind: 'retry-due' } | RunEvent

export type SourceEffect =
  | { readonly kind: 'open'; readonly run: number }
  | { readonly kind: 'close'; readonly run: number }
  | { readonly kind: 'watch-stability'; readonly run: number }
  /** Take the next delay of the back-off and send `retry-due` after it. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'cancel-wait' }
  | { readonly kind: 'reset-backoff' }

export interface Decision {
  readonly state: SourceState
  readonly effects: readonly SourceEffect[]
}

export const INITIAL_SOURCE_STATE: SourceState = {
  phase: 'off',
  run: 0,
  afterClosing: 'off',
  failures: 0,
  amiss: '',
  lastFailure: undefined
}

/** `starting` is only the time before the first verdict: a source that is tried again after a failure stays `down` until it works. */
export function healthOf(state: SourceState): Health {
  switch (state.phase) {
    case 'off':
      return 'disabled'
    case 'opening':
      return state.failures === 0 ? 'starting' : 'down'
    case 'running':
      return state.amiss === '' ? 'up' : 'degraded'
    case 'closing':
      if (state.afterClosing === 'off') return 'disabled'
      return state.afterClosing === 'opening' ? 'starting' : 'down'
    case 'waiting':
    case 'broken':
      return 'down'
  }
}

const unchanged = (state: SourceState): Decision => ({ state, effects: [] })

function open(state: SourceState, ...before: SourceEffect[]): Decision {
  const run = state.run + 1
  return { state: { ...state, phase: 'opening', run, amiss: '' }, effects: [...before, { kind: 'open', run }] }
}

function configure(state: SourceState, enabled: boolean): Decision {
  const fresh: SourceState = { ...state, failures: 0, amiss: '', lastFailure: undefined }
  const reset: SourceEffect = { kind: 'reset-backoff' }
  const next = enabled ? 'opening' : 'off'
  switch (state.phase) {
    case 'opening':
    case 'running':
      return { state: { ...fresh, phase: 'closing', afterClosing: next }, effects: [reset, { kind: 'close', run: state.run }] }
    case 'closing':
      return { state: { ...fresh, afterClosing: next }, effects: [reset] }
    case 'waiting':
      return enabled
        ? open(fresh, reset, { kind: 'cancel-wait' })
        : { state: { ...fresh, phase: 'off' }, effects: [reset, { kind: 'cancel-wait' }] }
    case 'off':
    case 'broken':
      return enabled ? open(fresh, reset) : { state: { ...fresh, phase: 'off' }, effects: [reset] }
  }
}

function closed(state: SourceState): Decision {
  switch (state.afterClosing) {
    case 'opening':
      return open(state)
    case 'waiting':
      return { state: { ...state, phase: 'waiting' }, effects: [{ kind: 'wait' }] }
    case 'off':
    case 'broken':
      return unchanged({ ...state, phase: state.afterClosing })
  }
}

function decideForRun(state: SourceState, event: RunEvent): Decision {
  const alive = state.phase === 'opening' || state.phase === 'running'
  switch (event.kind) {
    case 'started':
      if (state.phase !== 'opening') return unchanged(state)
      return { state: { ...state, phase: 'running' }, effects: [{ kind: 'watch-stability', run: state.run }] }
    case 'failed':
      if (!alive) return unchanged(state)
      return {
        state: {
          ...state,
          phase: 'closing',
          afterClosing: event.failure.retriable ? 'waiting' : 'broken',
          failures: state.failures + 1,
          amiss: '',
          lastFailure: event.failure
        },
        effects: [{ kind: 'close', run: state.run }]
      }
    case 'degraded':
      return alive ? unchanged({ ...state, amiss: event.why }) : unchanged(state)
    case 'closed':
      return state.phase === 'closing' ? closed(state) : unchanged(state)
    case 'stable':
      if (state.phase !== 'running') return unchanged(state)
      return { state: { ...state, failures: 0 }, effects: [{ kind: 'reset-backoff' }] }
  }
}

export function decide(state: SourceState, event: SourceEvent): Decision {
  if (event.kind === 'configure') return configure(state, event.enabled)
  if (event.kind === 'retry-due') return state.phase === 'waiting' ? open(state) : unchanged(state)
  return event.run === state.run ? decideForRun(state, event) : unchanged(state)
}
