// `npm test`: set-up, the tools that the tests need, the gate, then every test in its short form.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureTools } from './ensure-tools.mjs'
import { root, setUp } from './set-up.mjs'

setUp()
ensureTools()
const step = (file, ...args) => {
  const { status } = spawnSync(process.execPath, [join(root, file), ...args], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
step('scripts/check.mjs')
step('node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2))
