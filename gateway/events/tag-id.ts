import { z } from 'zod'

/**
 * Ids of tags and devices: `<namespace>:<id>` in one normal form, such as `pans-hall1:4d18` or `ble:c0ffee010203`. The
 * namespace keeps two systems with the same short ids apart, and lets one tag that two receivers hear be one tag.
 */
export const NAMESPACE_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/
export const TAG_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}:[^\s:/]{1,120}$/

export const tagIdSchema = z.string().regex(TAG_ID_PATTERN).describe('Id in normal form, <namespace>:<id>')

/** Joins a namespace and a codec's normalised short id. */
export function tagId(namespace: string, shortId: string): string {
  return `${namespace}:${shortId}`
}
