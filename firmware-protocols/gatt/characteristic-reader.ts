import type { DecodeErrorCode } from '../codec.ts'
import type { Draft } from '../kit/results.ts'

/** What one reader made of the value of a characteristic; the reading is new, and the decoder adds whose it is. */
export type CharacteristicResult =
  | { readonly kind: 'content'; readonly reading: Draft }
  | { readonly kind: 'error'; readonly code: DecodeErrorCode; readonly why: string }

/** Reads the value of one characteristic: what a read returned, or what a notification or indication brought. Never throws. */
export type CharacteristicReader = (value: DataView) => CharacteristicResult

export const content = (reading: Draft): CharacteristicResult => ({ kind: 'content', reading })

export const tooShort = (value: DataView, least: number): CharacteristicResult => ({
  kind: 'error',
  code: 'FRAME_LENGTH',
  why: `${value.byteLength} bytes, at least ${least}`
})
