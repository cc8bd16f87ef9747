/** Writes the table of PROJ's answers that is committed: `node dist/test-support/proj/write-check-values.js`, from the root, with cct installed. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { sampledCodes } from '../../gateway/site/georeference/epsg.ts'
import { projinfo } from './cct.ts'
import { askProj, checkCases } from './check-cases.ts'

const FILE = 'gateway/site/georeference/proj.vectors.json'

const values = checkCases(20_261_120, 4).map(askProj)
const program = execFileSync('cct', ['--version'], { encoding: 'utf8' }).trim()
const about = `Answers of ${program}: echo "x y z 0" | cct -d 12 -I <operation>; projinfo -q -o PROJ EPSG:<code>. Written by test-support/proj/write-check-values.ts`
const lines = values.map((value) => JSON.stringify(value)).join(',\n')
const epsg = Object.fromEntries(sampledCodes().map((code) => [code, projinfo(code)]))
writeFileSync(FILE, `{"about":${JSON.stringify(about)},"values":[\n${lines}\n],\n"epsg":${JSON.stringify(epsg, null, 1)}}\n`)
