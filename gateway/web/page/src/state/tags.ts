import { computed, signal } from '@preact/signals'
import type { TagAlertView, TagView } from '../../../../state/snapshot.ts'
import { type PlanFrame, planFrames, unplacedTags } from '../../../plan-frames.ts'
import { state } from './live.ts'

export const selectedId = signal<string | undefined>(undefined)
const chosenFrameId = signal<string | undefined>(undefined)

export const frames = computed<readonly PlanFrame[]>(() => (state.value ? planFrames(state.value.plan, inNameOrder(state.value.tags)) : []))
export const frame = computed(() => frames.value.find(({ id }) => id === chosenFrameId.value) ?? frames.value[0])
export const unplaced = computed(() => unplacedTags(state.value?.tags ?? []))
export const selected = computed(() => state.value?.tags.find(({ id }) => id === selectedId.value))

const steerableSources = computed(() => new Set(state.value?.sources.filter((source) => source.steerable).map(({ id }) => id)))
export const isSteerable = (tag: TagView): boolean => tag.source !== null && steerableSources.value.has(tag.source)
export const steerableTags = computed(() => inNameOrder((state.value?.tags ?? []).filter(isSteerable)))

export function chooseFrame(id: string): void {
  chosenFrameId.value = id
}

/** Selects a tag and brings the picture that shows it. */
export function selectTag(id: string | undefined): void {
  selectedId.value = id
  const home = frames.value.find(({ tags }) => tags.some(({ tag }) => tag.id === id))
  if (home !== undefined) chosenFrameId.value = home.id
}

export function tagLabel(tag: TagView): string {
  return tag.name ?? shortId(tag.id)
}

/** The id within its namespace. */
export function shortId(id: string): string {
  return id.slice(id.indexOf(':') + 1)
}

const byName = new Intl.Collator('en', { numeric: true })

function inNameOrder(tags: readonly TagView[]): readonly TagView[] {
  return [...tags].sort((a, b) => byName.compare(tagLabel(a), tagLabel(b)))
}

/** A person may be in danger: these, and nothing else on the page, are red. */
const DANGER: ReadonlySet<TagAlertView['kind']> = new Set(['sos', 'fall', 'impact', 'motionless', 'helmet-off', 'gas'])

export const isDanger = (kind: TagAlertView['kind']): boolean => DANGER.has(kind)

/** The alert to tell of: dangers before others, then the first raised. */
export function foremostAlert(tag: TagView): TagAlertView | undefined {
  return [...tag.alerts].sort((a, b) => Number(isDanger(b.kind)) - Number(isDanger(a.kind)) || a.atMono - b.atMono)[0]
}

export const tagsInDanger = computed(() =>
  inNameOrder((state.value?.tags ?? []).filter((tag) => tag.alerts.some((alert) => isDanger(alert.kind))))
)

/** Unheard for this long, a tag fades; for longer, it counts as silent. */
export const FADE_FROM_MS = 15_000
export const SILENT_FROM_MS = 60_000

export type Freshness = 'fresh' | 'fading' | 'silent'

export function freshness(ageMs: number): Freshness {
  if (ageMs < FADE_FROM_MS) return 'fresh'
  return ageMs < SILENT_FROM_MS ? 'fading' : 'silent'
}
