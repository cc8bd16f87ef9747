import type { LaneView, Snapshot, UplinkView } from '../../../../state/snapshot.ts'
import { formatAge, formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { uplinkWord } from '../tiles.tsx'
import { Panel } from './panel.tsx'

const words = text.delivery

interface DeliveryProps {
  readonly uplink: UplinkView
  readonly lanes: Snapshot['lanes']
}

export function DeliveryPanel({ uplink, lanes }: DeliveryProps) {
  const bad = uplink.configured && uplink.reachable === false
  const aside = (
    <span class="health" data-health={bad ? 'down' : uplink.reachable ? 'up' : 'disabled'}>
      {uplinkWord(uplink)}
    </span>
  )
  return (
    <Panel id="delivery" title={words.title} aside={aside}>
      <p class="quiet">
        {uplinkText(uplink)} {uplink.brokers.length > 0 && <span class="brokers">{uplink.brokers.join(', ')}</span>}
      </p>
      {uplink.lastError !== null && (
        <p class="last-error" data-now={bad}>
          <span class="verbatim">{uplink.lastError}</span>
          <span class="when">{words.lastError}</span>
        </p>
      )}
      <table class="lanes">
        <caption class="unseen">{words.lanes}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">{words.lanes}</span>
            </th>
            <th scope="col">{words.backlog}</th>
            <th scope="col">{words.oldest}</th>
            <th scope="col">{words.unsaved}</th>
            <th scope="col">{words.last}</th>
          </tr>
        </thead>
        <tbody>
          <Lane name={words.lane.alarm} lane={lanes.alarm} />
          <Lane name={words.lane.telemetry} lane={lanes.telemetry} />
        </tbody>
      </table>
      {uplink.setAside > 0 && <p class="remark">{words.setAside(uplink.setAside)}</p>}
      {uplink.differences.length > 0 && (
        <div class="remark">
          <h3>{words.differences}</h3>
          <ul>
            {uplink.differences.map(({ topic, setting, actual, expected }) => (
              <li key={`${topic}/${setting}`}>
                <strong>{topic}</strong> {words.difference(setting, actual, expected)}
              </li>
            ))}
          </ul>
          <p>{words.differencesHint}</p>
        </div>
      )}
    </Panel>
  )
}

function Lane({ name, lane }: { readonly name: string; readonly lane: LaneView }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{formatCount(lane.backlog)}</td>
      <td>{lane.backlogAgeMs === null ? words.noAge : formatAge(lane.backlogAgeMs)}</td>
      <td>{formatCount(lane.waiting)}</td>
      <td>{formatCount(lane.lastSequence)}</td>
    </tr>
  )
}

function uplinkText(uplink: UplinkView): string {
  if (!uplink.configured) return words.notConfiguredText
  if (uplink.reachable === null) return words.unknownText
  return uplink.reachable ? words.reachableText : words.unreachableText
}
