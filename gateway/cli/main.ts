import { GatewayError } from '../errors.ts'
import { type Command, notOneOf, usageError } from './command.ts'
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts'

interface Entry {
  readonly name: string
  readonly summary: string
  /** Commands are loaded when they are called: `decode` needs no database, `log` no broker. */
  load(): Promise<Command>
}

const COMMANDS: readonly Entry[] = [
  {
    name: 'check-config',
    summary: 'check a configuration file',
    load: async () => (await import('./check-config.ts')).checkConfigCommand
  },
  {
    name: 'decode',
    summary: 'decode frames of a protocol, one a line, to JSON lines',
    load: async () => (await import('./decode.ts')).decodeCommand
  },
  {
    name: 'extensions',
    summary: 'show what extensions bring: drivers, protocols, settings, and what is wrong with them',
    load: async () => (await import('./extensions.ts')).extensionsCommand
  },
  {
    name: 'georeference',
    summary: 'convert positions of a frame to WGS84 and back; fit a frame to control points',
    load: async () => (await import('./georeference.ts')).georeferenceCommand
  },
  {
    name: 'locate',
    summary: 'ranges to anchors into places, one JSON line each',
    load: async () => (await import('./locate.ts')).locateCommand
  },
  { name: 'log', summary: 'look into the event log: stats, tail, export, backup', load: async () => (await import('./log.ts')).logCommand },
  {
    name: 'run',
    summary: 'run the gateway until it is told to stop',
    load: async () => (await import('./run.ts')).runCommand
  },
  {
    name: 'simulate',
    summary: "walk the demo site's workers: print readings, or publish them to an MQTT broker",
    load: async () => (await import('./simulate.ts')).simulateCommand
  },
  {
    name: 'sniff',
    summary: 'find out what a port, a recording or an MQTT broker speaks, and print the source to paste',
    load: async () => (await import('./sniff.ts')).sniffCommand
  },
  {
    name: 'verify',
    summary: 'prove from the Kafka topics that nothing was lost',
    load: async () => {
      const { VERIFY_HELP, verifyCommand } = await import('../verify/verify-command.ts')
      return { help: VERIFY_HELP, run: (argv) => verifyCommand(argv) }
    }
  },
  { name: 'version', summary: 'print the version', load: async () => (await import('./version.ts')).versionCommand }
]

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 3
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  return `tagward: edge gateway for wearable safety tags

Usage: tagward <command> [options]

${lines.join('\n')}

tagward <command> --help tells more about one.

Exit codes: ${EXIT_OK} done; ${EXIT_FAILURE} failed, or the answer is no; ${EXIT_USAGE} wrong arguments or a mistake in the configuration
(verify: also when the topics could not be read, so that there is no answer).
`
}

/** The command line. Gives the exit code; never throws. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined) {
    process.stderr.write(overview())
    return EXIT_USAGE
  }
  const asksForHelp = first === 'help' || first === '--help' || first === '-h'
  if (asksForHelp && rest[0] === undefined) {
    process.stdout.write(overview())
    return EXIT_OK
  }
  const name = asksForHelp ? (rest[0] ?? '') : first === '--version' || first === '-v' ? 'version' : first
  try {
    const entry = COMMANDS.find((candidate) => candidate.name === name)
    if (entry === undefined) throw unknownCommand(name)
    const command = await entry.load()
    if (!asksForHelp && !isHelpCall(rest)) return await command.run(rest)
    process.stdout.write(`${command.help.trimEnd()}\n`)
    return EXIT_OK
  } catch (error) {
    return report(name, error)
  }
}

function isHelpCall(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return options.includes('--help') || options.includes('-h')
}

function unknownCommand(name: string): GatewayError {
  if (name.startsWith('-')) return usageError(`a command comes first, such as tagward run ${name}`)
  return notOneOf(
    'command',
    name,
    COMMANDS.map((command) => command.name)
  )
}

function report(name: string, error: unknown): number {
  const known = COMMANDS.some((command) => command.name === name) ? ` ${name}` : ''
  if (isUsage(error)) {
    process.stderr.write(`tagward${known}: ${error.message} (see tagward${known} --help)\n`)
    return EXIT_USAGE
  }
  if (error instanceof GatewayError) {
    process.stderr.write(error.code === 'CONFIG_INVALID' ? `${error.message}\n` : `tagward${known}: ${error.message} [${error.code}]\n`)
    return error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FAILURE
  }
  process.stderr.write(`tagward${known}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT_FAILURE
}

function isUsage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  if (error instanceof GatewayError) return error.code === 'CLI_USAGE'
  return 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}
