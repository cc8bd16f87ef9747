import type { DecodeErrorCode, FrameContext } from '../codec.ts'
import type { AdStructure } from '../kit/ad-structures.ts'
import type { Draft } from '../kit/results.ts'

/** An identity that a beacon broadcasts; ids in lower-case hex without separators. Settings can give one a meaning. */
export type BeaconIdentity =
  | { readonly format: 'ibeacon'; readonly uuid: string; readonly major: number; readonly minor: number }
  | { readonly format: 'altbeacon'; readonly beaconId: string }
  | { readonly format: 'eddystone'; readonly namespace: string; readonly instance: string }

/**
 * What one reader made of one AD structure; the reading is new, and the decoder goes on filling it. `foreign`: the same id carries
 * something that is not this reader's.
 */
export type ContentResult =
  | { readonly kind: 'content'; readonly reading: Draft; readonly beacon?: BeaconIdentity }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'error'; readonly code: DecodeErrorCode; readonly why: string }

export const FOREIGN: ContentResult = { kind: 'foreign' }
export const refused = (code: DecodeErrorCode, why: string): ContentResult => ({ kind: 'error', code, why })

/** Numbers by name; bounded, and known again after a restart. */
export interface CounterMemory {
  get(name: string): number | undefined
  set(name: string, count: number): void
}

/** What a reader may know beside its payload. One object per decoder, valid during the call. */
export interface ContentContext extends FrameContext {
  /** The sender's name: as the link tells it, else as the advertisement itself does. */
  readonly name: string | undefined
  /** Company id, or 16- or 32-bit service UUID, under which the payload stands; 0 for a 128-bit one. */
  readonly carrierId: number
  /** All structures of the advertisement, for formats that spread over several. */
  readonly structures: readonly AdStructure[]
  /** Key of a tag: the frame's own, else the one that the settings have for this id (lower-case hex). */
  keyOf(tag: string): Uint8Array | undefined
  /** What readers must remember from frame to frame (counters of sealed frames, of tags with keys). Names begin with the reader's. */
  readonly memory: CounterMemory
}

/**
 * Where a content stands. `anyCompany` and `anyService` see what no reader of that very id took; `anyService` is for 16-bit UUIDs.
 * 128-bit UUIDs are written as usual, in lower case with dashes.
 */
export type Carrier =
  | { readonly companyId: number }
  | { readonly anyCompany: true }
  | { readonly serviceUuid: number }
  | { readonly anyService: true }
  | { readonly serviceUuid32: number }
  | { readonly serviceUuid128: string }

/**
 * Reads one kind of content of an advertisement. Several may find theirs in one payload: their fields become one reading,
 * the first to name a field keeps it, and signals are gathered. A reader that takes the identity from its content (a MAC) sets
 * `tag`; otherwise the tag is the sender's address.
 */
export interface AdvertisementReader {
  /** Says what was read in messages for people. */
  readonly title: string
  readonly carrier: Carrier
  /** `payload`: what follows the company id or the service UUID. Never throws. */
  read(payload: Uint8Array, context: ContentContext): ContentResult
}
