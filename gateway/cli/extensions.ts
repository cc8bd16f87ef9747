import { transportsOf } from '../../firmware-protocols/codec.ts'
import { publishedJsonSchema } from '../config/published-schema.ts'
import { extensionPage } from '../reference/extension-page.ts'
import { type Command, parseOptions } from './command.ts'
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts'
import { openExtensions, sayFaults } from './extension-options.ts'
import { openOutput } from './output.ts'

export const extensionsCommand: Command = {
  help: `tagward extensions [--config FILE] [--json | --schema]
tagward extensions PATH… [--json | --schema]

Loads the extensions that a configuration names (default: tagward.yaml), or those at PATH (file, folder, name of an installed package), and
prints what each brings: drivers, protocols and their settings, as a page in Markdown.

  --json     print it as JSON
  --schema   print the JSON Schema of a configuration with these extensions, for editors and forms

What is wrong with an extension is told on stderr. Exit code 0: all are good; 2: some are not.`,
  async run(argv) {
    const { positionals, values } = parseOptions(
      argv,
      { config: { type: 'string' }, json: { type: 'boolean', default: false }, schema: { type: 'boolean', default: false } },
      true
    )
    const { extensions, problems, schema } = await openExtensions(positionals.length > 0 ? { extension: positionals } : values)
    const output = openOutput(process.stdout)
    if (values.schema) await output.write(`${JSON.stringify(publishedJsonSchema(schema), null, 2)}\n`)
    else if (values.json) await output.write(`${JSON.stringify(extensions.loaded.map(listed), null, 2)}\n`)
    else await output.write(extensionPage(extensions, schema))
    sayFaults(problems)
    return problems.length === 0 ? EXIT_OK : EXIT_USAGE
  }
}

function listed({ codecs, drivers, file }: Awaited<ReturnType<typeof openExtensions>>['extensions']['loaded'][number]): object {
  return {
    file,
    drivers: drivers.map(({ carries, kind, title }) => ({ kind, title, carries })),
    protocols: codecs.map((codec) => ({ name: codec.protocol, title: codec.title, transports: transportsOf(codec) }))
  }
}
