import type { Snapshot, UplinkView } from '../../../state/snapshot.ts'
import { gatewayNow } from './state/live.ts'
import { freshness } from './state/tags.ts'
import { formatCount, formatMs } from './text/format.ts'
import { text } from './text/text.ts'

interface TileProps {
  readonly label: string
  readonly value: string
  readonly note: string
  readonly amiss?: boolean
}

function Tile({ label, value, note, amiss = false }: TileProps) {
  return (
    <div class="tile" data-amiss={amiss}>
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong>
        <span class="tile-note">{note}</span>
      </dd>
    </div>
  )
}

/** The four questions of a first look: who is heard, by what, where does it go, is it kept. */
export function Tiles({ state }: { readonly state: Snapshot }) {
  const { tags, sources, uplink, lanes, storage } = state
  const silent = tags.filter((tag) => freshness(gatewayNow.value - tag.seenMono) === 'silent').length
  const wanted = sources.filter((source) => source.health !== 'disabled')
  const up = wanted.filter((source) => source.health === 'up').length
  const bad = wanted.filter((source) => source.health !== 'up').map((source) => source.id)
  return (
    <dl class="tiles" aria-label={text.tiles.title}>
      <Tile
        label={text.tiles.tags}
        value={formatCount(tags.length - silent)}
        note={tags.length === 0 ? text.tiles.noTags : text.tiles.tagsNote(silent)}
        amiss={silent > 0}
      />
      <Tile
        label={text.tiles.sources}
        value={text.tiles.sourcesOf(up, wanted.length)}
        note={sourcesNote(wanted.length, bad)}
        amiss={bad.length > 0}
      />
      <Tile
        label={text.tiles.kafka}
        value={uplinkWord(uplink)}
        note={uplinkNote(uplink, lanes.alarm.backlog + lanes.telemetry.backlog)}
        amiss={uplink.configured && uplink.reachable === false}
      />
      <Tile
        label={text.tiles.log}
        value={text.storage.state[storage.state]}
        note={text.storage.commit(formatMs(storage.lastCommitMs))}
        amiss={storage.state !== 'ok'}
      />
    </dl>
  )
}

function sourcesNote(count: number, bad: readonly string[]): string {
  if (count === 0) return text.tiles.noSources
  return bad.length === 0 ? text.tiles.sourcesGood : text.tiles.sourcesBad(bad.slice(0, 3).join(', '))
}

export function uplinkWord(uplink: UplinkView): string {
  if (!uplink.configured) return text.delivery.notConfigured
  if (uplink.reachable === null) return text.delivery.unknown
  return uplink.reachable ? text.delivery.reachable : text.delivery.unreachable
}

function uplinkNote(uplink: UplinkView, backlog: number): string {
  if (!uplink.configured) return text.delivery.kept
  return backlog === 0 ? text.delivery.sent : text.delivery.behind(backlog)
}
