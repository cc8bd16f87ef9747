import { type PlanFrame, type Projection, scaleBarM } from '../../../plan-frames.ts'
import type { PlanView, Point } from '../../../snapshot.ts'
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
      {plan.rooms.map((room) => {
        const left = Math.min(...room.outline.map(({ x }) => x))
        const top = Math.max(...room.outline.map(({ y }) => y))
        const corner = projection.toPx({ x: left, y: top })
        return (
          <g key={room.name}>
            <polygon class="room" points={path(room.outline, projection)} />
            <text class="room-name" x={corner.x + 8} y={corner.y + 18}>
              {room.name}
            </text>
          </g>
        )
      })}
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
