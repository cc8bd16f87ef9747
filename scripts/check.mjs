// The one gate: format, lint and layer rules, types, generated files in step.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (title, file, args) => {
  process.stdout.write(`check: ${title}\n`)
  execFileSync(process.execPath, [`${root}${file}`, ...args], { cwd: root, stdio: 'inherit' })
}
try {
  run('format, lint, layers', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])
  run('types', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json', '--noEmit'])
  run('types of the page', 'node_modules/typescript/bin/tsc', ['-p', 'gateway/web/page/tsconfig.json'])
  run('generated files in step', 'scripts/generate.mjs', ['--check'])
} catch {
  process.exit(1)
}
