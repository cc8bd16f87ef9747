import type { FrameContext } from '../firmware-protocols/codec.ts'
import type { Envelope } from './codec-feed.ts'

/** Sees what comes over a link before anything is made of it. Must neither throw nor keep the bytes it is given. */
export interface LinkTap {
  /** A piece of a byte stream, as it came. */
  bytes(chunk: Uint8Array): void
  /** A whole message, datagram or frame, with what the transport knows of it. */
  message(bytes: Uint8Array, context: Omit<FrameContext, 'receivedAt' | 'key'> & Omit<Envelope, 'onDurable'>): void
}
