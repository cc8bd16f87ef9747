// Builds everything into dist/: the compiled tree, the page, and a stamp that tells whether the build is current.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (file, args) => execFileSync(process.execPath, [`${root}node_modules/${file}`, ...args], { cwd: root, stdio: 'inherit' })

run('typescript/bin/tsc', ['-p', 'tsconfig.json'])
if (existsSync(`${root}gateway/web/page/vite.config.js`))
  run('vite/bin/vite.js', ['build', '--logLevel', 'warn', '--config', 'gateway/web/page/vite.config.js'])
