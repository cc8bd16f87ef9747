import type { SourceView } from '../../../../state/snapshot.ts'
import { frameRates, gatewayNow } from '../state/live.ts'
import { formatAge, formatBytes, formatCount, formatRate } from '../text/format.ts'
import { text } from '../text/text.ts'
import { Fact, Panel } from './panel.tsx'

const words = text.sources

export function SourcesPanel({ sources }: { readonly sources: readonly SourceView[] }) {
  return (
    <Panel id="sources" title={words.title}>
      {sources.length === 0 ? (
        <p class="quiet">{words.empty}</p>
      ) : (
        <ul class="sources">
          {sources.map((source) => (
            <Source key={source.id} source={source} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Source({ source }: { readonly source: SourceView }) {
  const { counters, lastError } = source
  const amissNow = source.health === 'down' || source.health === 'degraded'
  return (
    <li class="source">
      <div class="source-head">
        <h3>{source.id}</h3>
        <span class="driver">{words.driverOf(source.driver, source.protocol)}</span>
        <span class="health" data-health={source.health}>
          {words.health[source.health]}
        </span>
      </div>
      {lastError !== null && (
        <p class="last-error" data-now={amissNow}>
          <span class="verbatim">{lastError.message}</span>
          <span class="when">
            {words.lastError(formatAge(gatewayNow.value - lastError.atMono))} · {lastError.code}
          </span>
        </p>
      )}
      <dl class="facts">
        <Fact label={words.frames} value={formatCount(counters.frames)} />
        <Fact label={words.perSecond} value={words.rate(formatRate(frameRates.value.get(source.id) ?? 0))} />
        <Fact label={words.errors} value={formatCount(counters.errors)} />
        <Fact label={words.dropped} value={formatCount(counters.dropped)} amiss={counters.dropped > 0} />
      </dl>
      <details>
        <summary>{words.more}</summary>
        <dl class="facts">
          <Fact label={words.readings} value={formatCount(counters.readings)} />
          <Fact label={words.ignored} value={formatCount(counters.ignored)} />
          <Fact label={words.incomplete} value={formatCount(counters.incomplete)} />
          <Fact label={words.received} value={formatBytes(counters.bytesIn)} />
          <Fact label={words.discarded} value={formatBytes(counters.discardedBytes)} />
        </dl>
      </details>
    </li>
  )
}
