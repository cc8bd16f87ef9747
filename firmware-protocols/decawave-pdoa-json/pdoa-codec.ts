import type { Codec, DecodeResult, Decoder } from '../codec.ts'
import { isJsonObject, parseLooseJson } from '../kit/json.ts'
import { failure } from '../kit/results.ts'
import { latin1Text } from '../kit/text.ts'
import { HEAD_BYTES, MAX_JSON_BYTES, PdoaFramer } from './pdoa-framer.ts'
import { AccelerationReader } from './pdoa-measurement.ts'
import { readMessage } from './pdoa-messages.ts'
import { readPlain } from './pdoa-plain.ts'

const BARE_BYTES = /"LSTN" ?: ?\[((?:[0-9A-Fa-f]{2}(?:, ?)?)*)\]/

class PdoaDecoder implements Decoder {
  readonly #accelerations = new AccelerationReader()

  decode(frame: Uint8Array): DecodeResult {
    if (frame.length > HEAD_BYTES + MAX_JSON_BYTES + 2) return failure('FRAME_LENGTH', `${frame.length} bytes`)
    const text = latin1Text(frame).trim()
    const head = /^JS([ 0-9A-Fa-f]{4})(?=\{)/.exec(text)
    if (head === null) return readPlain(text, this.#accelerations)
    const json = text.slice(HEAD_BYTES)
    if (json.length !== Number.parseInt(head[1] ?? '', 16))
      return failure('FRAME_LENGTH', 'the object has another length than its head says')
    const quoted = json.replace(BARE_BYTES, (_whole, bytes: string) => `"LSTN":"${bytes.replaceAll(/[^0-9A-Fa-f]/g, '').toLowerCase()}"`)
    const value = parseLooseJson(quoted)
    return isJsonObject(value) ? readMessage(value, this.#accelerations) : failure('FRAME_FORMAT', 'damaged JSON')
  }
}

export const decawavePdoaJson: Codec = {
  protocol: 'decawave-pdoa-json',
  title: 'Decawave PDoA kit, Makerfabs AoA',
  transport: 'serial',
  encoding: 'text',
  idScope: 'system',
  serialHabits: { baudRates: [115_200] },
  createFramer: () => new PdoaFramer(),
  createDecoder: () => new PdoaDecoder()
}
