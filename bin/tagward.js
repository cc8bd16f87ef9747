#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=4 --heap-growing-percent=20
// The command `tagward`. In a checkout it builds what is missing or older than the sources, and says so on stderr.
//
// Started by its name, the command gets a small nursery, heaps that are swept when they have grown by a fifth, and two malloc arenas: the
// gateway's threads live on few, short-lived objects, and a Raspberry Pi has better use for the memory. `node bin/tagward.js` works as well, with the usual memory.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const at = (path) => new URL(`../${path}`, import.meta.url)
const exists = (path) => existsSync(fileURLToPath(at(path)))
const main = 'dist/gateway/cli/main.js'

// A checkout without its build tools (`npm ci --omit=dev`) runs the build that it has.
if (exists('scripts/set-up.mjs') && exists('gateway') && (exists('node_modules/typescript') || !exists(main))) {
  if (!exists('node_modules/typescript')) {
    process.stderr.write('tagward: the packages are not installed; run `npm ci` here first\n')
    process.exit(1)
  }
  const { buildIfStale } = await import(at('scripts/set-up.mjs').href)
  buildIfStale()
}
const { runCli } = await import(at(main).href)
process.exitCode = await runCli(process.argv.slice(2))
