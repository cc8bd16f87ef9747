/** The frames of a configuration file alone: an installer ties them before brokers and passwords are there. */
import { z } from 'zod'
import { type FrameSettings, framesSchema } from '../site/georeference/frame-settings.ts'
import { explainIssue } from './explain-issue.ts'
import { readConfigFile } from './load-config.ts'
import { type ConfigProblem, problemAt } from './problem.ts'
import type { JsonSchemaNode } from './schema.ts'
import { MAX_PROBLEMS, readYaml } from './yaml-source.ts'

export type FramesResult =
  | { readonly ok: true; readonly frames: Readonly<Record<string, FrameSettings>> }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** Other sections are not looked at, and may have mistakes. Never throws for what is in the file, or for its absence. */
export async function loadFrames(path: string): Promise<FramesResult> {
  const file = await readConfigFile(path)
  if (!file.ok) return { ok: false, problems: [file.problem] }
  const yaml = readYaml(file.text, path)
  if (!yaml.ok) return yaml
  const { source } = yaml
  const only = z.object({ frames: framesSchema })
  const parsed = only.safeParse(source.data)
  if (parsed.success) return { ok: true, frames: parsed.data.frames }
  const schema = z.toJSONSchema(only, { io: 'input', unrepresentable: 'any' }) as JsonSchemaNode
  const findings = parsed.error.issues.flatMap((issue) => explainIssue({ schema, data: source.data }, issue)).slice(0, MAX_PROBLEMS)
  return { ok: false, problems: findings.map((finding) => problemAt(path, source.locate(finding), finding)) }
}
