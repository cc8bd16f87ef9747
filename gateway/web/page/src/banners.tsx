import { effect } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { AlarmView, Snapshot, StorageView } from '../../../state/snapshot.ts'
import { gatewayNow, link, newestAlarm } from './state/live.ts'
import { foremostAlert, isDanger, selectTag, tagLabel, tagsInDanger } from './state/tags.ts'
import { formatAge, formatBytes } from './text/format.ts'
import { text } from './text/text.ts'

export function Banners({ state }: { readonly state: Snapshot }) {
  return (
    <div class="banners">
      <p class="unseen" role="alert">
        {announcement(newestAlarm.value)}
      </p>
      {link.value === 'lost' && (
        <Banner tone="warn" title={text.banner.lostTitle}>
          <p>{text.banner.lostText(formatAge(gatewayNow.value - state.nowMono))}</p>
        </Banner>
      )}
      <DangerBanner />
      {state.storage.state !== 'ok' && <StorageBanner storage={state.storage} />}
      {state.problems.length > 0 && (
        <Banner tone="warn" title={text.banner.problemTitle}>
          {state.problems.map((problem) => (
            <p key={problem.code + problem.message} class="verbatim">
              {problem.message}
            </p>
          ))}
        </Banner>
      )}
      {state.gateway.clockQuality === 'unset' && (
        <Banner tone="note" title={text.banner.clockTitle}>
          <p>{text.clockQualityHint.unset}</p>
        </Banner>
      )}
    </div>
  )
}

interface BannerProps {
  readonly tone: 'danger' | 'loud' | 'warn' | 'note'
  readonly title: string
  readonly children: ComponentChildren
}

function Banner({ tone, title, children }: BannerProps) {
  return (
    <section class="banner" data-tone={tone} aria-live="polite">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function StorageBanner({ storage }: { readonly storage: StorageView }) {
  const full = storage.state === 'full'
  return (
    <Banner tone="loud" title={full ? text.banner.fullTitle : text.banner.failingTitle}>
      <p>{full ? text.banner.fullText : text.banner.failingText}</p>
      {storage.freeBytes !== null && <p>{text.banner.freeSpace(formatBytes(storage.freeBytes))}</p>}
      {storage.error !== null && <p class="verbatim">{text.banner.reason(storage.error)}</p>}
    </Banner>
  )
}

function DangerBanner() {
  const tags = tagsInDanger.value
  if (tags.length === 0) return null
  return (
    <Banner tone="danger" title={text.banner.dangerTitle(tags.length)}>
      <ul class="in-danger">
        {tags.map((tag) => {
          const alert = foremostAlert(tag)
          const label = tagLabel(tag)
          return (
            <li key={tag.id}>
              <button
                type="button"
                aria-label={`${alert ? text.alert[alert.kind] : ''} ${label}. ${text.banner.show(label)}`}
                onClick={() => selectTag(tag.id)}
              >
                <strong>{alert && text.alert[alert.kind]}</strong> {label}
                {alert && <span class="since">{formatAge(gatewayNow.value - alert.atMono)}</span>}
              </button>
            </li>
          )
        })}
      </ul>
    </Banner>
  )
}

/** What a screen reader says the moment it happens. */
function announcement(alarm: AlarmView | undefined): string {
  if (alarm?.alert === undefined || alarm.alert.edge !== 'raised' || !isDanger(alarm.alert.kind)) return ''
  return `${text.alert[alarm.alert.kind]}: ${alarm.key}`
}

// Seen in the tab when the page is behind others.
effect(() => {
  const count = tagsInDanger.value.length
  document.title = count === 0 ? text.product : `(${count}) ${text.banner.dangerTitle(count)} · ${text.product}`
})
