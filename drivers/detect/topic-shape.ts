/** Levels of a topic that name one thing among many: addresses, EUIs, UUIDs, numbers, names that end in an address. */
const ID_LEVEL =
  /^(?:\d+|(?=[0-9a-f]*\d)[0-9a-f]{4,64}|(?:[0-9a-f]{2}[:-]){5,7}[0-9a-f]{2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]*[-_](?=[0-9a-f]*\d)[0-9a-f]{6,16})$/i

/** Filters that differ in one level only, and of which there are so many, are one filter. */
const ALIKE = 3

/** The topic with `+` for every level that looks like an id. */
export function topicShape(topic: string): string {
  return topic
    .split('/')
    .map((level) => (ID_LEVEL.test(level) ? '+' : level))
    .join('/')
}

function matches(filter: readonly string[], levels: readonly string[], from: number): boolean {
  for (const [index, wanted] of filter.entries()) {
    if (wanted === '#') return levels.length > from + index
    const level = levels[from + index]
    if (level === undefined || (wanted !== '+' && wanted !== level)) return false
  }
  return from + filter.length === levels.length
}

/**
 * The filter to subscribe to for a topic that is one of a protocol's usual ones, behind whatever levels the site has put before. Undefined:
 * it is none of them.
 */
export function usualFilter(topic: string, usualTopics: readonly string[]): string | undefined {
  const levels = topic.split('/')
  for (const usual of usualTopics) {
    const filter = usual.split('/')
    for (let from = levels.length - 1; from >= 0; from--)
      if (matches(filter, levels, from)) return [...levels.slice(0, from), usual].join('/')
  }
  return undefined
}

/** The filters, each once, and with `+` in place of a level in which three or more of them differ and nothing else does. */
export function mergeFilters(filters: readonly string[]): readonly string[] {
  let merged = [...new Set(filters)].sort()
  for (let position = 0; merged.some((filter) => filter.split('/').length > position); position++) {
    const byRest = new Map<string, string[]>()
    for (const filter of merged) {
      const rest = filter
        .split('/')
        .with(Math.min(position, filter.split('/').length - 1), '+')
        .join('/')
      const key = filter.split('/').length > position ? rest : filter
      byRest.set(key, [...(byRest.get(key) ?? []), filter])
    }
    merged = [...byRest].flatMap(([rest, alike]) =>
      alike.length >= ALIKE && !alike.some((filter) => filter.endsWith('#')) ? [rest] : alike
    )
  }
  return merged.filter((filter) => !merged.some((other) => other !== filter && covers(other, filter)))
}

/** Whether everything that `filter` asks for comes with `wide` as well. */
function covers(wide: string, filter: string): boolean {
  const levels = filter.split('/')
  for (const [index, wanted] of wide.split('/').entries()) {
    if (wanted === '#') return true
    const level = levels[index]
    if (level === undefined || level === '#' || (wanted !== '+' && wanted !== level)) return false
  }
  return wide.split('/').length === levels.length
}
