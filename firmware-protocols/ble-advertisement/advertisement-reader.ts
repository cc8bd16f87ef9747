import type { DecodeErrorCode, FrameContext } from '../codec.ts'
import type { Draft } from '../kit/results.ts'

/**
 * What one reader made of one AD structure; the reading is new, and the decoder goes on filling it. `foreign`: the same id carries
 * something that is not this reader's.
 */
export type ContentResult =
  | { readonly kind: 'content'; readonly reading: Draft }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'error'; readonly code: DecodeErrorCode; readonly why: string }

/**
 * Reads one kind of content of an advertisement. Several may find theirs in one payload: their fields become one reading,
 * the first to name a field keeps it. A reader that takes the identity from its content sets `tag`; otherwise the tag is the
 * sender's address.
 */
export interface AdvertisementReader {
  /** Says what was read in messages for people. */
  readonly title: string
  readonly carrier: { readonly companyId: number } | { readonly serviceUuid: number }
  /** `payload`: what follows the company id or the service UUID. Never throws. */
  read(payload: Uint8Array, context: FrameContext): ContentResult
}
