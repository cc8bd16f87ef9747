import { mps2FromG } from '../kit/gravity.ts'
import type { Extra } from '../kit/json.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentContext, FOREIGN } from './advertisement-reader.ts'
import { setHumidity, viewOf } from './content-fields.ts'
import { type CountedState, setCountedState, setElaTemperature } from './ela-fields.ts'

/**
 * ELA Innovation in service data, under UUIDs of Bluetooth characteristics, not all of which are used as the characteristic is;
 * little-endian:
 *
 *   2A6E  i16 temperature, 0.01 °C, 7FFF fault of the probe
 *   2A6F  u8 humidity, %; two bytes are the characteristic's own form
 *   2A06  u16 bit 0 state, the rest its count; of what, the name of the tag says: `P MAG`, `P MOV`, `P DI` …
 *   2A3F  the same with a byte behind it that says of what: 00 magnet, 01 movement, 02 digital input (older)
 *   2AA1  i16 acceleration x, y, z, mg; only with a name of ELA's, since by the characteristic it is a magnetic field
 *   2A58  u16 analog value
 */
interface Form {
  readonly uuid: number
  readonly length: number
  readonly fill: (view: DataView, reading: Draft, extra: Extra, context: ContentContext) => void
  readonly onlyNamed?: true
}

/** Names that the tags leave the factory with: `P T 80A1B2`, `C RHT …`, `PUCK_TH`. */
const ELA_NAME = /^(P|C|PUCK|COIN|SLIM|LITE|ELA)\b/i
const KINDS: readonly (readonly [RegExp, CountedState])[] = [
  [/\bMAG\b/i, 'contact'],
  [/\bMOV\b/i, 'moving'],
  [/\bDI\b/i, 'digital_input'],
  [/\bPIR\b/i, 'motion'],
  [/\bTOUCH\b/i, 'button_pressed']
]
const TYPES: readonly CountedState[] = ['contact', 'moving', 'digital_input']

const wordsOf = (name: string | undefined): string => name?.replaceAll('_', ' ') ?? ''

function kindOf(name: string | undefined): CountedState {
  const words = wordsOf(name)
  return KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'state'
}

const FORMS: readonly Form[] = [
  { uuid: 0x2a6e, length: 2, fill: (view, reading, extra) => setElaTemperature(view.getInt16(0, true), reading, extra) },
  { uuid: 0x2a6f, length: 1, fill: (view, reading) => setHumidity(reading, view.getUint8(0)) },
  {
    uuid: 0x2a06,
    length: 2,
    fill: (view, reading, extra, { name }) => setCountedState(kindOf(name), view.getUint16(0, true), reading, extra)
  },
  {
    uuid: 0x2a3f,
    length: 3,
    fill: (view, reading, extra) => setCountedState(TYPES[view.getUint8(2)] ?? 'state', view.getUint16(0, true), reading, extra)
  },
  { uuid: 0x2aa1, length: 6, onlyNamed: true, fill: fillAcceleration },
  {
    uuid: 0x2a58,
    length: 2,
    fill: (view, _, extra) => {
      extra['analog_raw'] = view.getUint16(0, true)
    }
  }
]

function fillAcceleration(view: DataView, reading: Draft): void {
  const mps2 = (at: number): number => mps2FromG(view.getInt16(at, true) / 1000)
  reading.accelMps2 = [mps2(0), mps2(2), mps2(4)]
}

/** Everybody may use these UUIDs, so another length is another form, and no mistake. */
const readerOf = ({ uuid, length, fill, onlyNamed }: Form): AdvertisementReader => ({
  title: 'ELA Innovation',
  carrier: { serviceUuid: uuid },
  read(payload, context) {
    if (payload.length !== length || (onlyNamed && !ELA_NAME.test(wordsOf(context.name)))) return FOREIGN
    const extra: Extra = {}
    const reading: Draft = { extra }
    fill(viewOf(payload), reading, extra, context)
    return { kind: 'content', reading }
  }
})

export const elaServiceData: readonly AdvertisementReader[] = FORMS.map(readerOf)
