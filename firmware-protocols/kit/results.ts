import type { DecodeErrorCode, DecodeResult } from '../codec.ts'
import type { Reading } from '../reading.ts'

export const readings = (...list: readonly Reading[]): DecodeResult => ({ kind: 'readings', readings: list })
export const ignored = (why: string): DecodeResult => ({ kind: 'ignored', why })
export const failure = (code: DecodeErrorCode, why: string): DecodeResult => ({ kind: 'error', code, why })

/** The shape in which optional main fields are gathered before they become a `Reading`. */
export type Draft = { -readonly [K in keyof Reading]: Reading[K] }
