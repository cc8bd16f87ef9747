import { processManufacturerSpecificData } from 'advlib-ble-manufacturers'
import { processServiceData } from 'advlib-ble-services'
import { toHex } from '../kit/hex.ts'
import type { Draft } from '../kit/results.ts'
import { type AdvertisementReader, type ContentResult, FOREIGN } from './advertisement-reader.ts'
import { draftOfAdvlib } from './advlib-content.ts'

const EFENTO = 0x026c

/** Makes that only the library reads: Nordic (MOKO), Laird, Efento, EnOcean, Wiliot, Code Blue, Pur3, Smart Sensor Devices, MOKO. */
const COMPANIES: ReadonlySet<number> = new Set([0x0059, 0x0077, EFENTO, 0x03da, 0x0500, 0x0583, 0x0590, 0x075b, 0x0a62])

/**
 * The characteristics that the library knows and no reader of ours: location and speed, magnetic field, language, current, level,
 * voltage; and Wiliot, HPE. Not fd6f: contact tracing of phones, which are no tags and change their address every quarter of an hour.
 */
const SERVICES: ReadonlySet<number> = new Set([0x2a67, 0x2aa1, 0x2aa2, 0x2aee, 0x2af9, 0x2b18, 0xfdaf, 0xfd94])

/** The library reads past the end of short payloads and then throws: such a content is none. */
function guarded(read: () => unknown): Draft | undefined {
  try {
    return draftOfAdvlib(read())
  } catch {
    return undefined
  }
}

const contentOf = (reading: Draft | undefined): ContentResult => (reading === undefined ? FOREIGN : { kind: 'content', reading })

/** The library makes 100 or 0 per cent of the one bit that Efento sends. */
function withEfentoBattery(draft: Draft | undefined): Draft | undefined {
  if (draft?.batteryPct === undefined) return draft
  const { batteryPct, ...rest } = draft
  const low = batteryPct === 0
  return { ...rest, signals: [{ kind: 'low-battery', form: 'level', on: low }], extra: { ...draft.extra, low_battery: low } }
}

/** The long tail of makes, through the open advlib packages of reelyActive. They come last, for ids that nobody else reads. */
export const advlibReaders: readonly AdvertisementReader[] = [
  {
    title: 'other makes, by advlib',
    carrier: { anyCompany: true },
    read(payload, { carrierId }) {
      if (!COMPANIES.has(carrierId)) return FOREIGN
      const draft = guarded(() => processManufacturerSpecificData(carrierId, toHex(payload)))
      return contentOf(carrierId === EFENTO ? withEfentoBattery(draft) : draft)
    }
  },
  {
    title: 'other makes, by advlib',
    carrier: { anyService: true },
    read(payload, { carrierId }) {
      if (!SERVICES.has(carrierId)) return FOREIGN
      return contentOf(guarded(() => processServiceData(carrierId.toString(16).padStart(4, '0'), toHex(payload))))
    }
  }
]
