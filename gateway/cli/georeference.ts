import { readFileSync } from 'node:fs'
import { loadFrames } from '../config/load-frames.ts'
import { formatProblem } from '../config/problem.ts'
import { NAMESPACE_PATTERN } from '../events/tag-id.ts'
import { fitControlPoints } from '../site/georeference/control-points.ts'
import { readControlPoints } from '../site/georeference/control-points-csv.ts'
import { fitAsJson, fitReport } from '../site/georeference/fit-report.ts'
import { tieFrame } from '../site/georeference/frame-settings.ts'
import type { Georeference } from '../site/georeference/level-frame.ts'
import { type Command, notOneOf, parseOptions, usageError } from './command.ts'
import { convertStream, type Direction } from './convert-lines.ts'
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { openOutput } from './output.ts'

export const georeferenceCommand: Command = {
  help: `tagward georeference --config FILE --frame NAME [--inverse]
tagward georeference --fit POINTS.csv [--frame NAME] [--json]

Converts positions of a local frame to WGS84: reads lines "x y z" (metres in the frame) from stdin and prints "lon lat alt"
(decimal degrees, metres above the ellipsoid) for each. Empty lines and lines that begin with # pass through. For a line that
cannot be converted "nan nan nan" is printed, and the reason goes to stderr.

  --config FILE   where the frames are; other sections need not be complete
  --frame NAME    which of them
  --inverse       the other way: from "lon lat alt" to "x y z"

Or fits a frame to control points: a table with the columns name,x,y,z,lat,lon,alt. Prints how the frame lies, how far each
point is off, which one does not go with the others, and the lines for the configuration.

  --fit FILE      the table, with commas, semicolons or tabs
  --frame NAME    what the frame is to be called (default hall)
  --json          everything as one JSON object

Exit code 1: a line could not be converted, or the points give no frame; 2: a mistake in the configuration or in the table.`,
  async run(argv) {
    const { values } = parseOptions(
      argv,
      {
        config: { type: 'string' },
        frame: { type: 'string' },
        inverse: { type: 'boolean', default: false },
        fit: { type: 'string' },
        json: { type: 'boolean', default: false }
      },
      'positions are read from stdin'
    )
    if (values.fit !== undefined) {
      if (values.config !== undefined || values.inverse) throw usageError('--fit goes with neither --config nor --inverse')
      const frame = values.frame ?? 'hall'
      if (!NAMESPACE_PATTERN.test(frame)) throw usageError('--frame takes 1 to 63 lower-case letters, digits, hyphens and underscores')
      return await printFit(values.fit, frame, values.json)
    }
    if (values.json) throw usageError('--json goes with --fit')
    if (values.config === undefined) throw usageError('--config is missing, or --fit')
    if (values.frame === undefined) throw usageError('--frame is missing')
    const found = await openFrame(values.config, values.frame)
    if (found === undefined) return EXIT_USAGE
    const direction: Direction = values.inverse ? 'to-frame' : 'to-wgs84'
    const failed = await convertStream(process.stdin, found, direction, openOutput(process.stdout), complain)
    return failed === 0 ? EXIT_OK : EXIT_FAILURE
  }
}

const complain = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

async function openFrame(file: string, name: string): Promise<Georeference | undefined> {
  const loaded = await loadFrames(file)
  if (!loaded.ok) {
    for (const problem of loaded.problems) complain(formatProblem(problem))
    return undefined
  }
  const names = Object.keys(loaded.frames)
  if (names.length === 0) throw usageError(`there are no frames in ${file}: add a section frames, see docs/georeference.md`)
  const settings = Object.hasOwn(loaded.frames, name) ? loaded.frames[name] : undefined
  if (settings === undefined) throw notOneOf('frame', name, names)
  const tied = tieFrame(settings)
  if (!tied.ok) throw usageError(`frames.${name}: ${tied.what}; ${tied.remedy}`)
  for (const warning of tied.warnings) complain(`${file}: warning: frames.${name}: ${warning}`)
  return tied.georeference
}

async function printFit(file: string, frame: string, asJson: boolean): Promise<number> {
  const table = readControlPoints(readTable(file))
  if (!table.ok) {
    for (const { line, what, remedy } of table.problems) complain(`${file}:${line}: ${what}; ${remedy}`)
    return EXIT_USAGE
  }
  for (const note of table.notes) complain(`${file}: warning: ${note}`)
  const result = fitControlPoints(table.points)
  if (!result.ok) {
    complain(`${file}: ${result.what}; ${result.remedy}`)
    return EXIT_FAILURE
  }
  const text = asJson ? `${JSON.stringify(fitAsJson(result, table.points, frame))}\n` : fitReport(result, table.points, frame)
  await openOutput(process.stdout).write(text)
  return EXIT_OK
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usageError(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}); --fit takes a table of control points`
    )
  }
}
