import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { GatewayError } from '../errors.ts'
import { formatProblem } from './problem.ts'
import { valueAt } from './schema-walk.ts'
import { dataDirSchema } from './sections.ts'
import { readYaml } from './yaml-source.ts'

/**
 * The data directory that a configuration names. Asks no more of the file than that, so that the log can be looked into
 * while the configuration has mistakes, or without the secrets of the service.
 * @throws GatewayError CONFIG_INVALID
 */
export async function dataDirOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError(
      'CONFIG_INVALID',
      `${path}:1:1: the file cannot be read; name another one with --config, or the data directory with --data`,
      {
        cause
      }
    )
  })
  const yaml = readYaml(text, path)
  if (!yaml.ok) throw new GatewayError('CONFIG_INVALID', yaml.problems.map(formatProblem).join('\n'))
  const parsed = dataDirSchema.safeParse(valueAt(yaml.source.data, ['dataDir']))
  if (!parsed.success)
    throw new GatewayError('CONFIG_INVALID', `${path}: dataDir: this is no path; write a text, or name the directory with --data`)
  return resolve(dirname(resolve(path)), parsed.data)
}
