import { abeewayAt2 } from '../abeeway-at2/abeeway-at2-codec.ts'
import { abeewayAt3 } from '../abeeway-at3/abeeway-at3-codec.ts'
import type { Decoder, FrameContext } from '../codec.ts'
import { type Extra, isJsonObject, type JsonObject } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import type { Signal } from '../reading.ts'
import type { ChirpstackSettings, PayloadKind } from './chirpstack-settings.ts'

/** Ports of both generations do not overlap, so a profile's name that tells no generation is enough. */
const AT2_PORTS = new Set([17, 18])
const AT3_PORTS = new Set([3, 19, 199])

/** Hands the payload of an uplink to the decoder of its maker. */
export class UplinkPayloads {
  readonly #choice: ChirpstackSettings['payload']
  readonly #decoders: Readonly<Record<PayloadKind, Decoder>> = {
    'abeeway-at2': abeewayAt2.createDecoder(),
    'abeeway-at3': abeewayAt3.createDecoder()
  }

  constructor(choice: ChirpstackSettings['payload']) {
    this.#choice = choice
  }

  /**
   * Adds what the payload says. `context`: of the uplink, not of the message; the network's receive time rebuilds times
   * that payloads shorten. A payload that cannot be read leaves the uplink as it is: the tag was heard.
   */
  fill(draft: Draft, extra: Extra, payload: Uint8Array, deviceInfo: JsonObject, context: FrameContext): void {
    const kind = this.#kind(deviceInfo, context.fPort)
    if (kind === undefined || payload.length === 0) return
    extra['payload'] = kind
    const result = this.#decoders[kind].decode(payload, context)
    if (result.kind === 'error') extra['payload_error'] = `${result.code}: ${result.why}`
    if (result.kind !== 'readings') return
    for (const { tag: _tag, extra: said = {}, signals, ...fields } of result.readings) {
      Object.assign(draft, fields)
      if (signals !== undefined) draft.signals = signals.map((signal) => withId(signal, extra['f_cnt']))
      for (const [key, value] of Object.entries(said)) {
        if (key === 'timestamp_utc') extra['device_time_utc'] = value
        else if (!Object.hasOwn(extra, key)) extra[key] = value
      }
    }
  }

  #kind(deviceInfo: JsonObject, fPort: number | undefined): PayloadKind | undefined {
    if (this.#choice === 'none') return undefined
    if (this.#choice !== 'auto') return this.#choice
    const tags = deviceInfo['tags']
    const told = isJsonObject(tags) ? tags['payload'] : undefined
    if (told === 'abeeway-at2' || told === 'abeeway-at3') return told
    const profile = deviceInfo['deviceProfileName']
    return typeof profile === 'string' ? byProfile(profile, fPort) : undefined
  }
}

function byProfile(profile: string, fPort: number | undefined): PayloadKind | undefined {
  if (!/abeeway|asset ?tracker/i.test(profile)) return undefined
  if (/(?:at|tracker)[ _-]?3/i.test(profile)) return 'abeeway-at3'
  if (/(?:at|tracker)[ _-]?2/i.test(profile)) return 'abeeway-at2'
  if (fPort === undefined) return undefined
  if (AT2_PORTS.has(fPort)) return 'abeeway-at2'
  return AT3_PORTS.has(fPort) ? 'abeeway-at3' : undefined
}

/** The frame counter tells a repeated uplink from a second event. */
function withId(signal: Signal, frameCount: unknown): Signal {
  return signal.form === 'event' && signal.id === undefined ? { ...signal, id: String(frameCount) } : signal
}
