// Writes what is made from the code: JSON Schemas, the references of events, configuration and errors. With --check it
// writes nothing and fails when a file is not in step.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildIfStale, root } from './set-up.mjs'

buildIfStale()
const { generatedFiles, withPart } = await import('../dist/gateway/reference/generated-files.js')
const { nonAdditiveChanges } = await import('../dist/gateway/reference/additive.js')
const check = process.argv.includes('--check')
let failed = false
const fail = (text) => {
  failed = true
  process.stderr.write(`${text}\n`)
}

for (const { path, part, text, additive } of generatedFiles(readFileSync(join(root, 'config.example.yaml'), 'utf8'))) {
  const file = join(root, path)
  const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  const after = part === undefined ? text : withPart(before ?? '', part, text)
  if (after === undefined) fail(`${path}: has no part "${part}" between <!-- begin: ${part} --> and <!-- end: ${part} -->`)
  else if (after !== before) {
    const breaking = additive && before !== undefined ? nonAdditiveChanges(JSON.parse(before), JSON.parse(after)) : []
    if (breaking.length > 0)
      fail(`${path}: this schema is published, and changes only by additions; raise the version of the event. At: ${breaking.join(', ')}`)
    else if (check) fail(`${path}: not in step with the code; run node scripts/generate.mjs`)
    else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, after)
      process.stdout.write(`generate: wrote ${path}${part === undefined ? '' : ` (${part})`}\n`)
    }
  }
}
if (failed) process.exit(1)
