import type { Finding } from './problem.ts'
import type { ConfigCatalogue, SourceConfig } from './schema.ts'
import type { Path } from './schema-walk.ts'

/** Sources that would take from one another what only one can have. Sources that are not run take nothing. */
export function sharedClaims(
  sources: readonly SourceConfig[],
  { drivers }: ConfigCatalogue,
  lineOf: (path: Path) => number
): readonly Finding[] {
  const findings: Finding[] = []
  const owners = new Map<string, { id: string; path: Path }>()
  for (const { id, driver: kind, enabled, settings } of sources) {
    if (!enabled) continue
    const driver = drivers.find((candidate) => candidate.kind === kind)
    for (const { setting, resource, why, remedy } of driver?.exclusiveClaims?.(settings) ?? []) {
      const path = ['sources', id, setting]
      const owner = owners.get(resource)
      if (owner === undefined) owners.set(resource, { id, path })
      else
        findings.push({
          path,
          at: 'value',
          what: `${why}, and source ${owner.id} in line ${lineOf(owner.path)} has this one already`,
          remedy
        })
    }
  }
  return findings
}
