import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { applyIdentity } from './nlink-fields.ts'

/**
 * Frames in which one unit tells what it knows of others. One sent by a tag is one reading: its ranges, with the nodes as
 * sent under `extra.nodes`. One sent by an anchor or console is a reading of itself, and one of each unit it tells about,
 * with `receiver` set.
 */

export interface Sender {
  readonly role: number
  readonly id: number
  readonly draft: Draft
  readonly extra: Extra
}

export function sender(frame: string, role: number, id: number): Sender {
  const draft: Draft = {}
  const extra: Extra = { frame }
  applyIdentity(draft, extra, role, id)
  draft.extra = extra
  return { role, id, draft, extra }
}

export function toldBy(from: Sender, role: number, id: number): { readonly draft: Draft; readonly extra: Extra } {
  const draft: Draft = { receiver: String(from.id) }
  const extra: Extra = { frame: from.extra['frame'] ?? null }
  applyIdentity(draft, extra, role, id)
  draft.extra = extra
  return { draft, extra }
}
