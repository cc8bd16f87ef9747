import type { Json } from '../reading.ts'

export type JsonObject = { readonly [key: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const BARE_NAN = /([:[,]\s*)[-+]?(?:nan(?:\([^)]*\))?|inf(?:inity)?)(?=\s*[,}\]])/gi

/**
 * Parses JSON text as embedded C libraries print it: a bare `nan` or `inf`, which JSON does not know, reads as null.
 * Undefined when it is no JSON.
 */
export function parseLooseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const repaired = text.replace(BARE_NAN, '$1null')
    if (repaired === text) return undefined
    try {
      return JSON.parse(repaired)
    } catch {
      return undefined
    }
  }
}

/** A finite number, also one sent as a decimal text; undefined for everything else (NaN in any form, null, missing). */
export function finiteNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?\s*$/.test(value)) return undefined
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}

/** `nomUpdateRate` → `nom_update_rate`, `batt_state` stays. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}

/** Nesting that is kept of members a codec does not know; deeper parts are dropped so that no frame can exhaust a stack. */
const KEPT_DEPTH = 6

/** A copy that is safe to carry: bounded in depth, numbers finite, no key that JavaScript gives a meaning. */
export function boundedJson(value: unknown, depth = KEPT_DEPTH): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (depth === 0) return null
  if (Array.isArray(value)) return value.map((item) => boundedJson(item, depth - 1))
  if (!isJsonObject(value)) return null
  const copy: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value)) if (key !== '__proto__') copy[key] = boundedJson(item, depth - 1)
  return copy
}

/** A reading's `extra` while it is being filled. */
export type Extra = { [key: string]: Json }

/**
 * Puts the members that a codec has no name of its own for into `extra`, in snake_case, so that nothing a message says is
 * lost. `units`: suffix by name, where the protocol gives the unit elsewhere.
 */
export function keepRest(
  value: JsonObject,
  known: ReadonlySet<string>,
  extra: Extra,
  units: { readonly [key: string]: string } = {}
): void {
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue
    const name = snakeCase(key)
    const full = name + (units[name] ?? '')
    if (name !== '' && key !== '__proto__' && !Object.hasOwn(extra, full)) extra[full] = boundedJson(value[key])
  }
}
