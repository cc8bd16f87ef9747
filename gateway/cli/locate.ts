import { LineLocator } from '../location/line-locator.ts'
import { DEFAULT_LOCATION_SETTINGS } from '../location/location-settings.ts'
import { answerLines } from './answer-lines.ts'
import { type Command, parseOptions, usageError } from './command.ts'
import { EXIT_OK } from './exit-codes.ts'
import { MAX_LINE_BYTES } from './line-splitter.ts'
import { openOutput } from './output.ts'

export const locateCommand: Command = {
  help: `tagward locate [--smooth] [--carrying-height METRES]

Reads ranges as JSON lines from stdin and prints where each puts its tag, one JSON line for each, in the same order:

  {"tag":"7","t":12.5,"anchors":[{"id":"A","x":0,"y":0,"z":3},…],"ranges":[{"id":"A","d":4.21},…],"dims":2}
  {"x":1.2,"y":3.4,"z":1.1,"accuracy":0.15,"used":["A",…]}     or     {"error":"why"}

t in seconds, lengths in metres, z up. dims 2 (as when it is absent): the tag's height is unknown and held weakly at the
carrying height; three ranges are needed. dims 3: the ranges tell the height too; four are needed, to anchors that are not in
one plane. About 68 % of the horizontal errors lie within "accuracy". "used": anchors whose ranges were believed.

  --smooth                    one filter for each tag: a line is located with what the lines before it told
                              (t must not go back within a tag); else each line alone
  --carrying-height METRES    where tags are carried, above z = 0; default ${DEFAULT_LOCATION_SETTINGS.carryingHeightM}

Exit code 0 whatever the lines are.`,
  async run(argv) {
    const { values } = parseOptions(
      argv,
      { smooth: { type: 'boolean', default: false }, 'carrying-height': { type: 'string' } },
      'ranges are read from stdin'
    )
    const settings = { ...DEFAULT_LOCATION_SETTINGS }
    if (values['carrying-height'] !== undefined) settings.carryingHeightM = height(values['carrying-height'])
    const locator = new LineLocator(settings, values.smooth)
    const answer = (line: string | undefined) =>
      line === undefined ? `{"error":"the line is longer than ${MAX_LINE_BYTES} bytes"}` : JSON.stringify(locator.locate(line))
    await answerLines(process.stdin, answer, openOutput(process.stdout))
    if (locator.forgotten > 0)
      process.stderr.write(`tagward locate: ${locator.forgotten} tags not heard for longest were forgotten to make room for others\n`)
    return EXIT_OK
  }
}

function height(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(Math.abs(value) <= 10_000)) throw usageError('--carrying-height takes metres, such as 1.2')
  return value
}
