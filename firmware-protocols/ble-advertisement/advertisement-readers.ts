import type { AdvertisementReader } from './advertisement-reader.ts'
import { ruuviRawV2 } from './ruuvi-raw-v2.ts'

/**
 * Contents that are understood. To add one: a file with its reader, vectors, and a line here. Of several readers of one id the
 * first that does not call the content foreign takes it; those of any id come after those of that very id.
 */
export const READERS: readonly AdvertisementReader[] = [ruuviRawV2]
