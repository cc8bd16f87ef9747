/** `node dist/test-support/bench/codecs.js`: the part of `npm run bench` that reads frames, alone. */
import { measureCodecs } from './codec-rates.ts'
import { asTable } from './report.ts'

process.stdout.write(`${asTable({ codecFramesPerSecond: measureCodecs() })}\n`)
