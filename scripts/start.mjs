// `npm start`: set-up, then the gateway with its demo site, in this process's terminal.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUp } from './set-up.mjs'

setUp()
const gateway = spawn(
  process.execPath,
  [join(root, 'bin', 'tagward.js'), 'run', '--demo', '--config', 'tagward.yaml', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit'
  }
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => gateway.kill(signal))
gateway.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))
