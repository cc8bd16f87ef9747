import type { AdvertisementReader } from './advertisement-reader.ts'
import { altBeacon } from './altbeacon.ts'
import { bthome } from './bthome.ts'
import { eddystone } from './eddystone.ts'
import { appleIBeacon, nordicIBeacon } from './ibeacon.ts'
import { ruuviAirExtended, ruuviAirShort } from './ruuvi-air.ts'
import { ruuviCutRawV2 } from './ruuvi-cut-raw-v2.ts'
import { ruuviRawV1 } from './ruuvi-raw-v1.ts'
import { ruuviRawV2 } from './ruuvi-raw-v2.ts'

/**
 * Contents that are understood. To add one: a file with its reader, vectors, and a line here. Of several readers of one id the
 * first that does not call the content foreign takes it; those of any id come after those of that very id.
 */
export const READERS: readonly AdvertisementReader[] = [
  appleIBeacon,
  nordicIBeacon,
  altBeacon,
  // Last under its UUID, as it refuses the types that nobody has taken.
  eddystone,
  ruuviRawV1,
  ruuviRawV2,
  ruuviCutRawV2,
  ruuviAirShort,
  ruuviAirExtended,
  bthome
]
