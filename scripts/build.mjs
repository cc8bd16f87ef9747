// Builds everything into dist/: the compiled tree, the page, and a stamp that tells whether the build is current.
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (file, args) => execFileSync(process.execPath, [`${root}node_modules/${file}`, ...args], { cwd: root, stdio: 'inherit' })

// Nothing of an earlier build may stay: a test whose source is gone would go on running.
rmSync(`${root}dist`, { recursive: true, force: true })
run('typescript/bin/tsc', ['-p', 'tsconfig.json'])
if (existsSync(`${root}gateway/web/page/vite.config.js`))
  run('vite/bin/vite.js', ['build', '--logLevel', 'warn', '--config', 'gateway/web/page/vite.config.js'])
// Newer than every source: the build is current.
writeFileSync(`${root}dist/.built`, new Date().toISOString())
