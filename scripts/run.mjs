// Set-up, then one of the compiled programs of the test support: `node scripts/run.mjs demo|bench|bench-location|chaos|fuzz|hci [arguments]`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './set-up.mjs'

const [program, ...rest] = process.argv.slice(2)
setUp()
const child = spawn(process.execPath, [join(root, 'dist', 'test-support', program, 'main.js'), ...rest], { stdio: 'inherit' })
// Ctrl-C reaches the child by itself (one process group); these are for whoever signals only us.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.stdin.isTTY || child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
