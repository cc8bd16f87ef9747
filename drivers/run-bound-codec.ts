import type { Codec, DecoderMemory } from '../firmware-protocols/codec.ts'
import type { DriverError } from './driver.ts'

/** Where a codec says what is wrong with itself, as ours never have to. */
export interface RunFaults {
  /** It can go on no more: the run has failed. */
  fail(error: DriverError): void
  /** Something of a frame was left out; counted as an error, and said now and then. */
  amiss(why: string): void
}

/** A codec whose faults concern the run that uses it. */
export interface RunBoundCodec extends Codec {
  forRun?(faults: RunFaults): Codec
  /** What was configured for it, as its schema gave it: for who must make the same codec elsewhere. */
  readonly configured?: unknown
  /** What its decoders are given to remember by; absent: nothing. */
  readonly memory?: DecoderMemory
  /** The module that it comes from; absent: it is one of this program. */
  readonly place?: { readonly file: string; readonly version?: string }
}
