import type { AdvertisementReader } from './advertisement-reader.ts'
import { advlibReaders } from './advlib-readers.ts'
import { altBeacon } from './altbeacon.ts'
import { aranet } from './aranet.ts'
import { blueUpReaders } from './blueup.ts'
import { bthome } from './bthome.ts'
import { eddystone } from './eddystone.ts'
import { elaManufacturer } from './ela-manufacturer.ts'
import { elaServiceData } from './ela-service-data.ts'
import { estimoteTelemetry } from './estimote-telemetry.ts'
import { helmetAdvertisement } from './helmet-advertisement.ts'
import { holyIot } from './holyiot.ts'
import { appleIBeacon, nordicIBeacon } from './ibeacon.ts'
import { kkmReaders } from './kkm.ts'
import { kontakt, kontaktLegacy } from './kontakt.ts'
import { mikrotik } from './mikrotik.ts'
import { minewManufacturer } from './minew-manufacturer.ts'
import { minewService } from './minew-service.ts'
import { mokoBeacon } from './moko-beacon.ts'
import { mokoButtonReaders } from './moko-button.ts'
import { mokoTag } from './moko-tag.ts'
import { ruuviAirExtended, ruuviAirShort } from './ruuvi-air.ts'
import { ruuviCutRawV2 } from './ruuvi-cut-raw-v2.ts'
import { ruuviRawV1 } from './ruuvi-raw-v1.ts'
import { ruuviRawV2 } from './ruuvi-raw-v2.ts'
import { sensirion } from './sensirion.ts'
import { sigCharacteristic } from './sig-characteristic.ts'
import { teltonikaEye } from './teltonika-eye.ts'

/**
 * Contents that are understood. To add one: a file with its reader, vectors, and a line here. Of several readers of one id the
 * first that does not call the content foreign takes it; those of any id come after those of that very id.
 */
export const READERS: readonly AdvertisementReader[] = [
  ...blueUpReaders,
  appleIBeacon,
  nordicIBeacon,
  altBeacon,
  ...kkmReaders,
  // Last under its UUID, as it refuses the types that nobody has taken.
  eddystone,
  ruuviRawV1,
  ruuviRawV2,
  ruuviCutRawV2,
  ruuviAirShort,
  ruuviAirExtended,
  bthome,
  teltonikaEye,
  ...mokoButtonReaders,
  mokoBeacon,
  mokoTag,
  mikrotik,
  holyIot,
  helmetAdvertisement,
  estimoteTelemetry,
  sensirion,
  aranet,
  minewService,
  minewManufacturer,
  kontakt,
  kontaktLegacy,
  elaManufacturer,
  ...elaServiceData,
  sigCharacteristic,
  ...advlibReaders
]
