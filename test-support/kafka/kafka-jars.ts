import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Counted from dist/test-support/kafka/. */
const repositoryRoot = new URL('../../../', import.meta.url)
export const log4jConfigFile = fileURLToPath(new URL('test-support/kafka/log4j2.xml', repositoryRoot))
const ensureToolsScript = fileURLToPath(new URL('scripts/ensure-tools.mjs', repositoryRoot))

export type KafkaJars = { readonly lib: string } | { readonly unavailable: string }

/** The folder with a broker's jars, fetched if need be; or why this machine cannot run a broker. */
export async function kafkaJars(): Promise<KafkaJars> {
  const { stdout } = await promisify(execFile)(process.execPath, [ensureToolsScript, 'kafka-jars'], { encoding: 'utf8' })
  return JSON.parse(stdout) as KafkaJars
}
