import type { TagView } from '../../../../state/snapshot.ts'
import { type ArrowKey, hold, release, steer, steeringNote, step } from '../state/steering.ts'
import { isSteerable, selected, selectTag, steerableTags, tagLabel } from '../state/tags.ts'
import { text } from '../text/text.ts'
import { Panel } from './panel.tsx'

const words = text.steering

/** The stub adapter's remote control: there only while a simulator runs. */
export function SteeringPanel() {
  const workers = steerableTags.value
  if (workers.length === 0) return null
  const tag = selected.value !== undefined && isSteerable(selected.value) ? selected.value : undefined
  return (
    <Panel id="steering" title={words.title}>
      <label class="choose">
        <span>{words.choose}</span>
        <select value={tag?.id ?? ''} onChange={(event) => selectTag(event.currentTarget.value || undefined)}>
          <option value="">{words.nobody}</option>
          {workers.map((worker) => (
            <option key={worker.id} value={worker.id}>
              {tagLabel(worker)}
            </option>
          ))}
        </select>
      </label>
      {tag !== undefined && <Controls tag={tag} />}
      <p class={tag === undefined ? 'unseen' : 'note'} aria-live="polite">
        {steeringNote.value}
      </p>
    </Panel>
  )
}

function Controls({ tag }: { readonly tag: TagView }) {
  return (
    <>
      <p class="quiet">{words.hint}</p>
      <div class="controls">
        <div class="pad">
          <Arrow arrow="ArrowUp" label={words.north} sign="↑" />
          <Arrow arrow="ArrowLeft" label={words.west} sign="←" />
          <Arrow arrow="ArrowRight" label={words.east} sign="→" />
          <Arrow arrow="ArrowDown" label={words.south} sign="↓" />
        </div>
        <div class="acts">
          <button type="button" class="danger" title={words.sosHint} onClick={() => steer(tag, { kind: 'sos' })}>
            {words.sos}
          </button>
          <button type="button" class="danger" title={words.dropHint} onClick={() => steer(tag, { kind: 'drop' })}>
            {words.drop}
          </button>
          <button type="button" title={words.offHint} onClick={() => steer(tag, { kind: 'off' })}>
            {words.off}
          </button>
          <button type="button" title={words.onHint} onClick={() => steer(tag, { kind: 'on' })}>
            {words.on}
          </button>
        </div>
      </div>
    </>
  )
}

interface ArrowProps {
  readonly arrow: ArrowKey
  readonly label: string
  readonly sign: string
}

function Arrow({ arrow, label, sign }: ArrowProps) {
  return (
    <button
      type="button"
      class={`arrow ${arrow}`}
      aria-label={label}
      onPointerDown={() => hold(arrow)}
      onPointerUp={() => release(arrow)}
      onPointerLeave={() => release(arrow)}
      onPointerCancel={() => release(arrow)}
      // A press of the keyboard or of assistive technology comes without a pointer: one step each.
      onClick={(event) => event.detail === 0 && step([arrow])}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  )
}
