import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { PlanView as Plan } from '../../../../state/snapshot.ts'
import { type PlanFrame, project } from '../../../plan-frames.ts'
import { chooseFrame, frame, frames, selectedId, unplaced } from '../state/tags.ts'
import { text } from '../text/text.ts'
import { PlanDrawing } from './plan-drawing.tsx'
import { TagMark } from './tag-mark.tsx'

const words = text.plan
/** On a narrow screen every pixel counts. */
const marginPx = (width: number): number => (width < 500 ? 16 : 28)
/** With more tags than this, gliding is load that nobody sees. */
const GLIDE_LIMIT = 300
/** Names may cover this share of the picture before they hide more than they tell; one covers about so much. */
const NAMES_SHARE = 0.12
const NAME_AREA_PX2 = 80 * 22

export function PlanView({ plan }: { readonly plan: Plan | null }) {
  const shown = frame.value
  return (
    <section class="plan" aria-labelledby="plan-title">
      <div class="panel-head">
        <h2 id="plan-title">{shown?.kind === 'plan' && plan !== null ? plan.name : words.title}</h2>
        {frames.value.length > 1 && <FrameChoice />}
      </div>
      <Canvas plan={plan} shown={shown} />
      <footer>
        {unplaced.value.length > 0 && <span>{words.unplaced(unplaced.value.length)}</span>}
        <Legend withAnchors={shown?.kind === 'plan'} />
      </footer>
    </section>
  )
}

function FrameChoice() {
  return (
    <fieldset class="frames">
      <legend class="unseen">{words.frames}</legend>
      {frames.value.map((each) => (
        <button key={each.id} type="button" aria-pressed={each.id === frame.value?.id} onClick={() => chooseFrame(each.id)}>
          {frameName(each)} <span class="count">{each.tags.length}</span>
        </button>
      ))}
    </fieldset>
  )
}

function frameName({ kind, name }: PlanFrame): string {
  if (kind === 'plan') return words.title
  if (kind === 'earth') return words.earth
  return name === null || name === '' ? words.noName : name
}

function Canvas({ plan, shown }: { readonly plan: Plan | null; readonly shown: PlanFrame | undefined }) {
  const box = useRef<HTMLDivElement>(null)
  const size = useSignal({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const measure = (): void => {
      size.value = { width: element.clientWidth, height: element.clientHeight }
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [size])

  const { width, height } = size.value
  const projection = shown === undefined || width === 0 ? undefined : project(shown.bounds, width, height, marginPx(width))
  const count = shown?.tags.length ?? 0
  const classes = ['canvas']
  if (count * NAME_AREA_PX2 > NAMES_SHARE * width * height) classes.push('unnamed')
  if (count > GLIDE_LIMIT) classes.push('many')
  return (
    <div class={classes.join(' ')} ref={box} style={{ aspectRatio: aspectOf(shown) }}>
      {shown !== undefined && projection !== undefined && (
        <>
          <PlanDrawing plan={shown.kind === 'plan' ? plan : null} shown={shown} projection={projection} width={width} height={height} />
          {shown.tags.map((placed) => (
            <TagMark
              key={placed.tag.id}
              placed={placed}
              projection={projection}
              widthPx={width}
              selected={placed.tag.id === selectedId.value}
            />
          ))}
        </>
      )}
      {(shown === undefined || shown.tags.length === 0) && <p class="empty">{words.empty}</p>}
    </div>
  )
}

/** The picture's shape follows the site's, within what a screen can show (limits of height are in the style sheet). */
function aspectOf(shown: PlanFrame | undefined): number {
  if (shown === undefined) return 1.6
  const { minX, maxX, minY, maxY } = shown.bounds
  return Math.min(3, Math.max(0.6, (maxX - minX) / (maxY - minY)))
}

function Legend({ withAnchors }: { readonly withAnchors: boolean }) {
  return (
    <ul class="legend" aria-label={words.legend}>
      <li class="key-tag">{words.legendTag}</li>
      <li class="key-silent">{words.legendSilent}</li>
      <li class="key-danger">{words.legendDanger}</li>
      {withAnchors && <li class="key-anchor">{words.legendAnchor}</li>}
    </ul>
  )
}
