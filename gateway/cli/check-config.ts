import { installedConfigSchema } from '../config/installed-schema.ts'
import { loadConfig } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { redactConfig } from '../config/redact-config.ts'
import { frameWarnings } from '../site/georeference/frame-settings.ts'
import { type Command, parseOptions, usageError } from './command.ts'
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { guardedLoader } from './extension-options.ts'

export const checkConfigCommand: Command = {
  help: `tagward check-config FILE [--print]

Checks a configuration file as \`tagward run\` would, secrets by reference included, and changes nothing.
Every mistake is told on a line of its own: file:line:column: key: what is wrong; what would be right.

  --print   print the whole configuration as JSON, defaults filled in, secrets left out

Extensions that it names are loaded. One that is broken is told as a mistake, and so is each source that needs it, though the gateway
would run with the rest.

Exit code 0: the gateway would take it as a whole; 2: it would not.`,
  async run(argv) {
    const { values, positionals } = parseOptions(argv, { print: { type: 'boolean', default: false } }, true)
    const [file, ...others] = positionals
    if (file === undefined || file === '') throw usageError('the file is missing, such as tagward check-config tagward.yaml')
    if (others.length > 0) throw usageError('it takes one file')
    const result = await loadConfig(file, { schema: installedConfigSchema(), loader: guardedLoader() })
    if (result.problems.length > 0 || !result.ok) {
      for (const problem of result.problems) process.stderr.write(`${formatProblem(problem)}\n`)
      return EXIT_USAGE
    }
    for (const warning of frameWarnings(result.config.frames)) process.stderr.write(`${file}: warning: ${warning}\n`)
    const { sources, kafka } = result.config
    const running = sources.filter((source) => source.enabled).length
    if (values.print) process.stdout.write(`${JSON.stringify(redactConfig(result.config, result.schema), null, 2)}\n`)
    else
      process.stdout.write(
        `${file}: good: ${running} of ${sources.length} sources enabled, ${kafka === undefined ? 'no Kafka (the gateway buffers)' : `Kafka at ${kafka.brokers.join(', ')}`}\n`
      )
    return EXIT_OK
  }
}
