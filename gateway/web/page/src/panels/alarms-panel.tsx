import type { AlarmView } from '../../../../state/snapshot.ts'
import { gatewayTime, state } from '../state/live.ts'
import { isDanger, selectTag, tagLabel } from '../state/tags.ts'
import { formatTimeOrDay } from '../text/format.ts'
import { text } from '../text/text.ts'
import { Panel } from './panel.tsx'

export function AlarmsPanel({ alarms }: { readonly alarms: readonly AlarmView[] }) {
  return (
    <Panel id="alarms" title={text.alarms.title}>
      {alarms.length === 0 ? (
        <p class="quiet">{text.alarms.empty}</p>
      ) : (
        <ol class="alarms">
          {alarms.map((alarm) => (
            <li key={alarm.id} class="alarm" data-tone={toneOf(alarm)}>
              <time>{formatTimeOrDay(alarm.time, gatewayTime.value)}</time>
              <span class="what">{titleOf(alarm)}</span>
              <Whom alarm={alarm} />
              <span class="detail">{detailOf(alarm)}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}

function Whom({ alarm }: { readonly alarm: AlarmView }) {
  const tag = state.value?.tags.find(({ id }) => id === alarm.key)
  if (tag === undefined && alarm.type === 'DataGap') return null
  if (tag === undefined) return <span class="whom">{alarm.key}</span>
  return (
    <button type="button" class="whom" title={text.banner.show(tagLabel(tag))} onClick={() => selectTag(tag.id)}>
      {tagLabel(tag)}
    </button>
  )
}

type Tone = 'danger' | 'past-danger' | 'warn' | 'quiet'

function toneOf(alarm: AlarmView): Tone {
  const { alert } = alarm
  if (alert !== undefined) {
    if (alert.edge === 'cleared') return 'quiet'
    if (!isDanger(alert.kind)) return 'warn'
    const tag = state.value?.tags.find(({ id }) => id === alarm.key)
    return tag === undefined || tag.alerts.some(({ kind, atMono }) => kind === alert.kind && atMono === alarm.atMono)
      ? 'danger'
      : 'past-danger'
  }
  if (alarm.gap !== undefined) return alarm.gap.reason === 'log-created' ? 'quiet' : 'warn'
  return alarm.type === 'SourceRestored' || alarm.online === true ? 'quiet' : 'warn'
}

function titleOf({ alert, type, online }: AlarmView): string {
  if (alert !== undefined) return alert.edge === 'raised' ? text.alert[alert.kind] : text.alarms.cleared(text.alert[alert.kind])
  switch (type) {
    case 'SourceLost':
    case 'SourceRestored':
    case 'DataGap':
      return text.alarms[type]
    case 'DeviceStatus':
      return online === undefined
        ? text.alarms.DeviceStatus
        : `${text.alarms.DeviceStatus} ${online ? text.alarms.online : text.alarms.offline}`
    default:
      return type
  }
}

function detailOf({ alert, gap, detail }: AlarmView): string {
  if (alert?.collapsed) return text.alarms.collapsed(alert.count)
  if (alert !== undefined) return alert.count > 1 ? text.alarms.times(alert.count) : ''
  if (gap !== undefined)
    return `${text.alarms.gapReason[gap.reason]} (${text.alarms.gap(gap.events, text.delivery.lane[gap.lane].toLowerCase())})`
  return detail ?? ''
}
