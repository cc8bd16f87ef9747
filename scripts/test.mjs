// `npm test`: set-up, the gate, then every test in its short form.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const npm = (...args) => execFileSync('npm', args, { cwd: root, stdio: 'inherit' })
try {
  npm('ci', '--no-fund', '--no-audit')
  npm('run', '--silent', 'check')
  npm('run', '--silent', 'build')
  npm('exec', '--', 'vitest', 'run', '--passWithNoTests')
} catch {
  process.exit(1)
}
