import type { Track } from '../../location/track.ts'
import { FIRST_LINK, STATES_OF_LINK, triangle } from '../../location/track.ts'

/** A track as it stands in checkpoints: its numbers as base64 of their bytes (little-endian), a third of what they take as text. */
export interface PackedTrack extends Omit<Track, 'mean' | 'covariance'> {
  readonly packedMean: string
  readonly packedCovariance: string
}

/** A track within a processor's state: numbers in memory, text in the checkpoint. */
export class KeptTrack {
  readonly track: Track

  constructor(track: Track) {
    this.track = track
  }

  toJSON(): PackedTrack {
    const { mean, covariance, ...rest } = this.track
    const states = FIRST_LINK + STATES_OF_LINK * rest.links.length
    return { ...rest, packedMean: toBase64(mean.subarray(0, states)), packedCovariance: toBase64(covariance.subarray(0, triangle(states))) }
  }
}

/** A track out of state that may have been read back from a checkpoint. */
export function keptTrack(kept: KeptTrack | PackedTrack): KeptTrack {
  if (kept instanceof KeptTrack) return kept
  const { packedMean, packedCovariance, ...rest } = kept
  return new KeptTrack({
    ...rest,
    mean: new Float64Array(fromBase64(packedMean)),
    covariance: new Float32Array(fromBase64(packedCovariance))
  })
}

function toBase64({ buffer, byteOffset, byteLength }: Float64Array | Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** In memory of its own: small buffers share theirs, at places that do not suit numbers. */
function fromBase64(text: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, 'base64')
  const bytes = new Uint8Array(byteLength)
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength))
  return bytes.buffer
}
