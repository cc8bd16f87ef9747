import type { TagView } from '../../../../state/snapshot.ts'
import { gatewayNow } from '../state/live.ts'
import { selected, selectTag, tagLabel } from '../state/tags.ts'
import { formatAge, formatCount, formatMetres } from '../text/format.ts'
import { text } from '../text/text.ts'
import { Fact, Panel } from './panel.tsx'

const words = text.tag

/** Everything known of the tag that is selected. */
export function TagPanel() {
  const tag = selected.value
  if (tag === undefined) return null
  const age = (at: number | undefined): string => (at === undefined ? words.unknown : text.ago(formatAge(gatewayNow.value - at)))
  const close = (
    <button type="button" class="plain" onClick={() => selectTag(undefined)}>
      {words.close}
    </button>
  )
  return (
    <Panel id="tag" title={tagLabel(tag)} aside={close}>
      <dl class="facts pairs">
        <Fact label={words.id} value={tag.id} />
        <Fact label={words.source} value={tag.source ?? words.unknown} />
        <Fact label={words.position} value={positionOf(tag)} />
        <Fact label={words.battery} value={tag.batteryPct === undefined ? words.unknown : words.percent(formatCount(tag.batteryPct))} />
        <Fact label={words.heard} value={age(tag.seenMono)} />
        <Fact label={words.fix} value={age(tag.fixMono)} />
        <Fact label={words.alerts} value={alertsOf(tag)} />
      </dl>
    </Panel>
  )
}

function positionOf({ position, geo }: TagView): string {
  if (position !== undefined) return words.xy(formatMetres(position.x), formatMetres(position.y))
  return geo === undefined ? words.unknown : `${geo.latitudeDeg.toFixed(6)}°, ${geo.longitudeDeg.toFixed(6)}°`
}

function alertsOf(tag: TagView): string {
  if (tag.alerts.length === 0) return words.none
  return tag.alerts.map((alert) => `${text.alert[alert.kind]} ${text.for(formatAge(gatewayNow.value - alert.atMono))}`).join(', ')
}
