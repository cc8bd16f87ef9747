import type { PlanView, Point } from '../../../../state/snapshot.ts'
import { type PlanFrame, type Projection, scaleBarM } from '../../../plan-frames.ts'
import { formatCount, formatMetres } from '../text/format.ts'
import { text } from '../text/text.ts'

interface DrawingProps {
  readonly plan: PlanView | null
  readonly shown: PlanFrame
  readonly projection: Projection
  readonly width: number
  readonly height: number
}

/** What stands still: grid, outline, rooms, anchors, scale. */
export function PlanDrawing({ plan, shown, projection, width, height }: DrawingProps) {
  return (
    <svg width={width} height={height} role="img" aria-label={text.plan.description(plan?.rooms.length ?? 0, shown.tags.length)}>
      <Grid shown={shown} projection={projection} />
      {plan !== null && <Building plan={plan} projection={projection} />}
      <ScaleBar projection={projection} height={height} />
    </svg>
  )
}

const path = (points: readonly Point[], { toPx }: Projection): string =>
  points
    .map(toPx)
    .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
    .join(' ')

function Building({ plan, projection }: { readonly plan: PlanView; readonly projection: Projection }) {
  return (
    <>
      <polygon class="outline" points={path(plan.outline, projection)} />
      {plan.rooms.map(({ name, outline }) => (
        <polygon key={name} class="room" points={path(outline, projection)}>
          <title>{name}</title>
        </polygon>
      ))}
      {plan.rooms.map(({ name, door }) => door !== undefined && <Door key={name} at={projection.toPx(door)} pxPerM={projection.pxPerM} />)}
      {plan.rooms.map(({ name, outline }) => (
        <RoomName key={name} name={name} outline={outline} projection={projection} />
      ))}
      {plan.anchors.map((anchor) => {
        const { x, y } = projection.toPx(anchor)
        return (
          <path key={anchor.id} class="anchor" d={`M${x},${y - 5}l5,9h-10z`}>
            <title>{text.plan.anchor(anchor.id)}</title>
          </path>
        )
      })}
    </>
  )
}

const LETTER_PX = 6.6
const LINE_PX = 14
const NAME_INSET_PX = 8

interface RoomNameProps {
  readonly name: string
  readonly outline: readonly Point[]
  readonly projection: Projection
}

/** In the room's upper left corner, a word a line where it is narrow; left out where even that does not fit. */
function RoomName({ name, outline, projection }: RoomNameProps) {
  const xs = outline.map(({ x }) => x)
  const left = Math.min(...xs)
  const widthPx = (Math.max(...xs) - left) * projection.pxPerM - NAME_INSET_PX - 2
  const ys = outline.map(({ y }) => y)
  const heightPx = (Math.max(...ys) - Math.min(...ys)) * projection.pxPerM
  const corner = projection.toPx({ x: left, y: Math.max(...ys) })
  const fits = (line: string): boolean => line.length * LETTER_PX <= widthPx
  const lines = fits(name) ? [name] : name.split(' ')
  if (!lines.every(fits) || 8 + lines.length * LINE_PX > heightPx) return null
  return (
    <text class="room-name" y={corner.y + 5}>
      {lines.map((line) => (
        <tspan key={line} x={corner.x + NAME_INSET_PX} dy={LINE_PX}>
          {line}
        </tspan>
      ))}
    </text>
  )
}

const DOOR_HALF_WIDTH_M = 0.9

/** A gap in the wall, whichever way the wall runs. */
function Door({ at, pxPerM }: { readonly at: Point; readonly pxPerM: number }) {
  return <circle class="door" cx={at.x} cy={at.y} r={DOOR_HALF_WIDTH_M * pxPerM} />
}

function Grid({ shown, projection }: { readonly shown: PlanFrame; readonly projection: Projection }) {
  const every = scaleBarM(projection.pxPerM, 90)
  const { minX, minY, maxX, maxY } = shown.bounds
  const lines: string[] = []
  for (let x = Math.ceil(minX / every) * every; x <= maxX; x += every)
    lines.push(
      path(
        [
          { x, y: minY },
          { x, y: maxY }
        ],
        projection
      )
    )
  for (let y = Math.ceil(minY / every) * every; y <= maxY; y += every)
    lines.push(
      path(
        [
          { x: minX, y },
          { x: maxX, y }
        ],
        projection
      )
    )
  return (
    <g class="grid">
      {lines.map((points) => (
        <polyline key={points} points={points} />
      ))}
    </g>
  )
}

function ScaleBar({ projection, height }: { readonly projection: Projection; readonly height: number }) {
  const metres = scaleBarM(projection.pxPerM, 110)
  const length = metres * projection.pxPerM
  const y = height - 8
  return (
    <g class="scale">
      <path d={`M8,${y - 5}v5h${length}v-5`} />
      <text x={length + 15} y={y}>
        {text.plan.metres(metres >= 1 ? formatCount(metres) : formatMetres(metres))}
      </text>
    </g>
  )
}
