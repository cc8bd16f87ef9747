import type { TestProject } from 'vitest/node'
import { openSharedKafka } from './shared-kafka.ts'

/** Vitest calls it once a run, in its main process; what it returns is called at the end, after the results. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = await openSharedKafka()
  project.provide('kafka', shared.run)
  return async () => {
    const summary = await shared.close()
    if (summary) process.stderr.write(`\n${summary}\n`)
  }
}
