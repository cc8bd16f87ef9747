import type { StorageView } from '../../../../state/snapshot.ts'
import { formatBytes, formatCount, formatMs } from '../text/format.ts'
import { text } from '../text/text.ts'
import { Fact, Panel } from './panel.tsx'

const words = text.storage

export function StoragePanel({ storage }: { readonly storage: StorageView }) {
  const aside = (
    <span class="health" data-health={storage.state === 'ok' ? 'up' : 'down'}>
      {words.state[storage.state]}
    </span>
  )
  return (
    <Panel id="storage" title={words.title} aside={aside}>
      {storage.error !== null && (
        <p class="last-error" data-now={storage.state !== 'ok'}>
          <span class="verbatim">{storage.error}</span>
        </p>
      )}
      <dl class="facts pairs">
        <Fact label={words.size} value={formatBytes(storage.logBytes)} />
        <Fact label={words.free} value={storage.freeBytes === null ? words.unknown : formatBytes(storage.freeBytes)} />
        <Fact label={words.lastCommit} value={words.ms(formatMs(storage.lastCommitMs))} />
        <Fact label={words.damaged} value={formatCount(storage.damagedBlocks)} amiss={storage.damagedBlocks > 0} />
      </dl>
    </Panel>
  )
}
