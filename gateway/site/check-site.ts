/** Whether the records of a site go together: what each refers to is there, zones are a tree, a tag is worn by one at a time. */
import { type Binding, keyOf, type SiteKind, type SiteModel, type SiteRecords, type Zone } from './site-model.ts'

export interface SiteProblem {
  readonly kind: SiteKind
  readonly key: string
  readonly what: string
  readonly remedy: string
}

export function checkSite(model: SiteModel): readonly SiteProblem[] {
  return [...doubles(model), ...references(model), ...cycles(model.zone), ...overlaps(model.binding)]
}

const KINDS: readonly SiteKind[] = ['building', 'floor', 'anchor', 'receiver', 'zone', 'person', 'binding']

function doubles(model: SiteModel): readonly SiteProblem[] {
  return KINDS.flatMap((kind) => {
    const seen = new Set<string>()
    return model[kind].flatMap((record) => {
      const key = keyOf(record)
      if (!seen.has(key)) {
        seen.add(key)
        return []
      }
      return [{ kind, key, what: 'is there twice', remedy: 'remove one of them' }]
    })
  })
}

/** Field, and the kind (or the frames) that it names. */
const REFERENCES: readonly (readonly [field: string, target: SiteKind | 'frames'])[] = [
  ['building', 'building'],
  ['frame', 'frames'],
  ['floor', 'floor'],
  ['floors', 'floor'],
  ['parent', 'zone'],
  ['person', 'person']
]

function references(model: SiteModel): readonly SiteProblem[] {
  const known = new Map<SiteKind | 'frames', ReadonlySet<string>>([
    ['frames', new Set(Object.keys(model.frames))],
    ...KINDS.map((kind) => [kind, new Set((model[kind] as readonly SiteRecords[SiteKind][]).map(keyOf))] as const)
  ])
  return KINDS.flatMap((kind) =>
    model[kind].flatMap((record: SiteRecords[SiteKind]) => {
      const fields: Readonly<Record<string, unknown>> = { ...record }
      return REFERENCES.flatMap(([field, target]) => {
        const value = fields[field]
        const names = value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)]
        return names
          .filter((name) => known.get(target)?.has(name) !== true)
          .map((name) => ({
            kind,
            key: keyOf(record),
            what: `${field} names ${name}, which is not there`,
            remedy: target === 'frames' ? 'name a frame of the configuration' : `name a ${target} that is there, or add it`
          }))
      })
    })
  )
}

/** Zones that lie within themselves. */
function cycles(zones: readonly Zone[]): readonly SiteProblem[] {
  const parents = new Map(zones.map(({ id, parent }) => [id, parent]))
  return zones.flatMap(({ id }) => {
    const way = new Set<string>()
    let at: string | undefined = parents.get(id)
    while (at !== undefined && at !== id && !way.has(at)) {
      way.add(at)
      at = parents.get(at)
    }
    return at === id
      ? [
          {
            kind: 'zone',
            key: id,
            what: `lies within itself, by way of ${[...way].join(', ') || 'parent'}`,
            remedy: 'let one of them have no parent'
          } as const
        ]
      : []
  })
}

function overlaps(bindings: readonly Binding[]): readonly SiteProblem[] {
  const problems: SiteProblem[] = []
  for (const ofTag of groupByTag(bindings).values()) {
    let longest: Binding | undefined
    for (const binding of ofTag.toSorted((a, b) => a.from - b.from)) {
      if (longest !== undefined && endOf(longest) > binding.from)
        problems.push({
          kind: 'binding',
          key: keyOf(binding),
          what: `${binding.person} is given a tag that ${longest.person} still wears`,
          remedy: 'end the earlier binding when the later one begins'
        })
      if (longest === undefined || endOf(binding) > endOf(longest)) longest = binding
    }
  }
  return problems
}

const endOf = ({ to }: Binding): number => to ?? Number.POSITIVE_INFINITY

function groupByTag(bindings: readonly Binding[]): ReadonlyMap<string, readonly Binding[]> {
  const byTag = new Map<string, Binding[]>()
  for (const binding of bindings) {
    const ofTag = byTag.get(binding.tag)
    if (ofTag === undefined) byTag.set(binding.tag, [binding])
    else ofTag.push(binding)
  }
  return byTag
}
