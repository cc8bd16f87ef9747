import { signal } from '@preact/signals'
import type { SendOutcome } from '../../../../../drivers/driver.ts'
import type { TagView } from '../../../../state/snapshot.ts'
import { type SteeringAction, steeringCommand } from '../../../steering.ts'
import { text } from '../text/text.ts'
import { isSteerable, selected, selectTag, shortId } from './tags.ts'

/** What became of the last press, in words; empty: nothing to say. */
export const steeringNote = signal('')

/** A brisk walk, 1.6 m/s, in steps that the eye joins. */
const STEP_EVERY_MS = 250
const STEP_M = 0.4

const DIRECTIONS = {
  ArrowUp: { dxM: 0, dyM: STEP_M },
  ArrowDown: { dxM: 0, dyM: -STEP_M },
  ArrowLeft: { dxM: -STEP_M, dyM: 0 },
  ArrowRight: { dxM: STEP_M, dyM: 0 }
} as const
export type ArrowKey = keyof typeof DIRECTIONS

const isArrowKey = (key: string): key is ArrowKey => Object.hasOwn(DIRECTIONS, key)

const held = new Set<ArrowKey>()
let timer: ReturnType<typeof setInterval> | undefined
let walking = false

export async function steer(tag: TagView, action: SteeringAction): Promise<void> {
  if (tag.source === null) return
  try {
    const answer = await fetch(`/api/sources/${encodeURIComponent(tag.source)}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ target: shortId(tag.id), command: steeringCommand(action) })
    })
    const body = (await answer.json()) as { outcome?: SendOutcome; error?: { message: string } }
    steeringNote.value = body.outcome === undefined ? text.steering.failed(body.error?.message ?? '') : noteOf(body.outcome, action)
  } catch {
    steeringNote.value = text.steering.unreachable
  }
}

function noteOf(outcome: SendOutcome, action: SteeringAction): string {
  if (outcome.stage === 'failed') return text.steering.failed(outcome.why)
  if (outcome.stage === 'unsupported') return text.steering.unsupported
  return text.steering.did[action.kind]
}

/** One step; a step that is still under way is not overtaken by the next. */
export function step(keys: Iterable<ArrowKey>): void {
  const tag = selected.value
  if (tag === undefined || !isSteerable(tag) || walking) return
  let dxM = 0
  let dyM = 0
  for (const key of keys) {
    dxM += DIRECTIONS[key].dxM
    dyM += DIRECTIONS[key].dyM
  }
  if (dxM === 0 && dyM === 0) return
  walking = true
  void steer(tag, { kind: 'walk', dxM, dyM }).finally(() => {
    walking = false
  })
}

/** Begins to walk and goes on until released. */
export function hold(key: ArrowKey): void {
  if (held.has(key)) return
  held.add(key)
  step(held)
  timer ??= setInterval(() => step(held), STEP_EVERY_MS)
}

export function release(key: ArrowKey): void {
  held.delete(key)
  if (held.size === 0) releaseAll()
}

function releaseAll(): void {
  held.clear()
  clearInterval(timer)
  timer = undefined
}

/** Where arrow keys belong to the selected worker: the plan, its panels, and a page where nothing has the focus. */
function isSteeringPlace(target: EventTarget | null): boolean {
  if (!(target instanceof Element) || target instanceof HTMLSelectElement) return false
  return target === document.body || target.closest('.plan, #steering, #tag') !== null
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || !isSteeringPlace(event.target)) return
  if (event.key === 'Escape') selectTag(undefined)
  const tag = selected.value
  if (!isArrowKey(event.key) || tag === undefined || !isSteerable(tag)) return
  event.preventDefault()
  hold(event.key)
}

/** Lets the arrow keys walk whoever is selected. */
export function startSteering(): void {
  window.addEventListener('keydown', onKeyDown)
  // A key released elsewhere, or while the window is not in front, must not leave a worker walking.
  window.addEventListener('keyup', (event) => {
    if (isArrowKey(event.key)) release(event.key)
  })
  window.addEventListener('blur', releaseAll)
}
