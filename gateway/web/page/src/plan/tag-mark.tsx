import type { TagAlertView } from '../../../../state/snapshot.ts'
import type { PlacedTag, Projection } from '../../../plan-frames.ts'
import { gatewayNow } from '../state/live.ts'
import { FADE_FROM_MS, foremostAlert, freshness, isDanger, SILENT_FROM_MS, selectTag, tagLabel } from '../state/tags.ts'
import { formatAge } from '../text/format.ts'
import { text } from '../text/text.ts'

interface TagMarkProps {
  readonly placed: PlacedTag
  readonly projection: Projection
  readonly widthPx: number
  readonly selected: boolean
}

const FAINTEST = 0.5

/** A tag on the plan: a real button, so that it can be reached and read out like any other. */
export function TagMark({ placed, projection, widthPx, selected }: TagMarkProps) {
  const { tag, at } = placed
  const { px, outside } = projection.toPxInside(at)
  const ageMs = gatewayNow.value - tag.seenMono
  const fresh = freshness(ageMs)
  const alert = foremostAlert(tag)
  const label = tagLabel(tag)
  const tone = toneOf(alert)
  const faded = Math.min(1, Math.max(0, (ageMs - FADE_FROM_MS) / (SILENT_FROM_MS - FADE_FROM_MS)))
  const alertAge = alert === undefined ? '' : formatAge(gatewayNow.value - alert.atMono)
  return (
    <button
      type="button"
      class="tag"
      data-freshness={fresh}
      data-alert={tone}
      data-side={labelSide(px.x, widthPx, label, alert)}
      data-tag={tag.id}
      aria-pressed={selected}
      aria-label={[
        label,
        alert && `${text.alert[alert.kind]} ${text.for(alertAge)}`,
        fresh === 'fresh' ? '' : text.plan.seen(formatAge(ageMs)),
        outside && text.plan.outside
      ]
        .filter(Boolean)
        .join(', ')}
      style={{ transform: `translate(${px.x.toFixed(1)}px, ${px.y.toFixed(1)}px)` }}
      onClick={() => selectTag(tag.id)}
      onFocus={() => selectTag(tag.id)}
    >
      {/* The mark fades, its name stays readable; a tag in danger never fades. */}
      <span class="dot" style={{ opacity: alert === undefined ? 1 - faded * (1 - FAINTEST) : 1 }} />
      <span class="label">
        {alert !== undefined && <strong>{text.alert[alert.kind]}</strong>}
        <span class="name">{label}</span>
        {tone === 'danger' && <span class="age">{alertAge}</span>}
        {fresh === 'silent' && <span class="age">{text.plan.silentFor(formatAge(ageMs))}</span>}
      </span>
    </button>
  )
}

/** The right, unless the label would run out of the picture there; an estimate is enough. */
function labelSide(xPx: number, widthPx: number, label: string, alert: TagAlertView | undefined): 'left' | 'right' {
  const letters = label.length + (alert === undefined ? 0 : text.alert[alert.kind].length + 8)
  const labelPx = 32 + letters * 8
  return xPx + labelPx > widthPx && xPx > widthPx - xPx ? 'left' : 'right'
}

function toneOf(alert: TagAlertView | undefined): 'danger' | 'warn' | 'none' {
  if (alert === undefined) return 'none'
  return isDanger(alert.kind) ? 'danger' : 'warn'
}
