import { readFileSync } from 'node:fs'
import { type Command, parseOptions } from './command.ts'
import { EXIT_OK } from './exit-codes.ts'

export function programVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

export const versionCommand: Command = {
  help: 'tagward version\n\nPrints the version of the program.',
  run(argv) {
    parseOptions(argv, {})
    process.stdout.write(`${programVersion()}\n`)
    return Promise.resolve(EXIT_OK)
  }
}
