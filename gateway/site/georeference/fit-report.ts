import type { ControlPoint, FrameFit } from './control-points.ts'

/** For people: how the frame lies, how far each point is off, and what to write into the configuration. */
export function fitReport(fit: FrameFit, points: readonly ControlPoint[], frame: string): string {
  const { placement, centroid, residuals } = fit
  const zero = fit.georeference.toWgs84({ x: 0, y: 0, z: 0 })
  const width = Math.max(5, ...residuals.map(({ label }) => label.length))
  const row = (label: string, ...values: readonly string[]) =>
    `  ${label.padEnd(width)}${values.map((value) => value.padStart(11)).join('')}`
  const m = (value: number) => value.toFixed(3)
  return `${[
    `${points.length} control points, their middle at lat ${degrees(centroid.lat)} lon ${degrees(centroid.lon)} alt ${m(centroid.alt)}`,
    '',
    'The frame',
    `  its y axis points to   ${placement.headingDeg.toFixed(5)}° (clockwise from true north at the middle)`,
    `  scale                  ${placement.scale.toFixed(7)} (metres on the ground for one of the frame)`,
    `  its zero lies at       ${zero === undefined ? '' : `lat ${degrees(zero.lat)} lon ${degrees(zero.lon)} alt ${m(zero.alt)}`}`,
    `  which is               ${m(placement.eastM)} m east, ${m(placement.northM)} m north, ${m(placement.upM)} m up of the middle`,
    '',
    'Residuals: measured minus fitted, m',
    row('', 'east', 'north', 'up', 'horizontal'),
    ...residuals.map(({ label, eastM, northM, upM, horizontalM }) => row(label, m(eastM), m(northM), m(upM), m(horizontalM))),
    `  root mean square: ${m(fit.horizontalRmsM)} m horizontal, ${m(fit.heightRmsM)} m in height`,
    '',
    ...(fit.warnings.length === 0 ? [] : [...fit.warnings.map((warning) => `Warning: ${warning}`), '']),
    'For the configuration:',
    '',
    ...configLines(points, frame, fit.outlier)
  ].join('\n')}\n`
}

const degrees = (value: number): string => value.toFixed(9)

function configLines(points: readonly ControlPoint[], frame: string, outlier: string | undefined): readonly string[] {
  return [
    'frames:',
    `  ${frame}:`,
    '    controlPoints:',
    ...points.map((point, index) => {
      const { name, x, y, z, lat, lon, alt } = point
      const named = name === undefined ? '' : `name: ${JSON.stringify(name)}, `
      const remark = outlier === (name ?? `point ${index + 1}`) ? ' # does not go with the others' : ''
      return `      - {${named}x: ${x}, y: ${y}, z: ${z}, lat: ${lat}, lon: ${lon}, alt: ${alt}}${remark}`
    })
  ]
}

/** For programs: the same, lengths in metres and angles in degrees. */
export function fitAsJson(fit: FrameFit, points: readonly ControlPoint[], frame: string): Readonly<Record<string, unknown>> {
  const { placement, centroid, residuals, horizontalRmsM, heightRmsM, outlier, warnings } = fit
  return {
    centroid,
    ...placement,
    zero: fit.georeference.toWgs84({ x: 0, y: 0, z: 0 }),
    residuals,
    horizontalRmsM,
    heightRmsM,
    outlier: outlier ?? null,
    warnings,
    config: { frames: { [frame]: { controlPoints: points } } }
  }
}
