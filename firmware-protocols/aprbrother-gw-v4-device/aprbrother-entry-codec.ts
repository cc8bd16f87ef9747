import { bleAdvertisement } from '../ble-advertisement/ble-advertisement-codec.ts'
import { HeardAdvertisement } from '../ble-gateway/heard-advertisement.ts'
import type { Codec, DecodeResult, Decoder, DecoderMemory, FrameContext } from '../codec.ts'
import { failure, ignored, readings } from '../kit/results.ts'
import { readEntry } from './aprbrother-entry.ts'

/** One entry by itself: for `tagward decode`, and for those who forward entries. */
class EntryDecoder implements Decoder {
  readonly #heard: HeardAdvertisement

  constructor(settings: unknown, memory: DecoderMemory | undefined) {
    this.#heard = new HeardAdvertisement(settings, memory)
  }

  decode(frame: Uint8Array, context: FrameContext): DecodeResult {
    if (frame.length === 0) return ignored('empty payload')
    const reading = readEntry(frame, undefined, this.#heard, context)
    return reading === undefined
      ? failure('FRAME_LENGTH', `${frame.length} bytes are no entry: 8 bytes of header, whose first is 0 to 4, and advertising data`)
      : readings(reading)
  }
}

export const aprbrotherGwV4Device: Codec = {
  protocol: 'aprbrother-gw-v4-device',
  title: 'AprBrother BLE Gateway V4: one entry of its list of devices',
  transport: 'mqtt',
  alsoOver: ['http', 'websocket'],
  encoding: 'binary',
  idScope: 'world',
  idNamespace: 'ble',
  ...(bleAdvertisement.settings === undefined ? {} : { settings: bleAdvertisement.settings }),
  undemanding: true,
  createDecoder: (settings, memory) => new EntryDecoder(settings, memory)
}
