/**
 * EPSG codes that need no table of thousands: families of projected systems by rule. Only systems whose tie to WGS84 is known without a grid of
 * corrections are among them; the axes are easting and northing, whatever the official order is. Source: the EPSG data set, as PROJ has it.
 */

/** Codes from the first to the last that follow one rule. */
interface Family {
  readonly from: number
  readonly to: number
  /** In metres. */
  projOf(code: number): string
}

const utm = (zone: number, ellipsoid: string, south = false) =>
  `+proj=utm +zone=${zone}${south ? ' +south' : ''} +ellps=${ellipsoid} +units=m`
const tmerc = (lon: number, k: number, x: number, y = 0, lat = 0) =>
  `+proj=tmerc +lat_0=${lat} +lon_0=${lon} +k=${k} +x_0=${x} +y_0=${y} +ellps=GRS80 +units=m`
const lcc = (lat0: number, lon0: number, lat1: number, lat2: number, x: number, y: number) =>
  `+proj=lcc +lat_0=${lat0} +lon_0=${lon0} +lat_1=${lat1} +lat_2=${lat2} +x_0=${x} +y_0=${y} +ellps=GRS80 +units=m`
const one = (code: number, proj: string): Family => ({ from: code, to: code, projOf: () => proj })
const stereographic = (pole: 1 | -1, latTs: number, lon: number) =>
  `+proj=stere +lat_0=${90 * pole} +lat_ts=${latTs * pole} +lon_0=${lon} +x_0=0 +y_0=0 +ellps=WGS84 +units=m`
const ups = (pole: 1 | -1) => `+proj=stere +lat_0=${90 * pole} +lon_0=0 +k=0.994 +x_0=2000000 +y_0=2000000 +ellps=WGS84 +units=m`

/** Middle meridians of SWEREF 99's local zones, EPSG:3007 and on. */
const SWEREF_MERIDIANS = [12, 13.5, 15, 16.5, 18, 14.25, 15.75, 17.25, 18.75, 20.25, 21.75, 23.25]

const FAMILIES: readonly Family[] = [
  // The world: UTM and polar systems on WGS84, the web's maps.
  { from: 32_601, to: 32_660, projOf: (code) => utm(code - 32_600, 'WGS84') },
  { from: 32_701, to: 32_760, projOf: (code) => utm(code - 32_700, 'WGS84', true) },
  one(32_661, ups(1)),
  one(32_761, ups(-1)),
  one(5041, ups(1)),
  one(5042, ups(-1)),
  one(3031, stereographic(-1, 71, 0)),
  one(3413, stereographic(1, 70, -45)),
  one(3995, stereographic(1, 71, 0)),
  one(3857, '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +nadgrids=@null +units=m'),
  // Europe: ETRS89.
  { from: 25_828, to: 25_838, projOf: (code) => utm(code - 25_800, 'GRS80') },
  { from: 3040, to: 3049, projOf: (code) => utm(code - 3012, 'GRS80') },
  one(3034, lcc(52, 10, 35, 65, 4_000_000, 2_800_000)),
  one(3035, '+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m'),
  one(5649, tmerc(3, 0.9996, 31_500_000)),
  one(4647, tmerc(9, 0.9996, 32_500_000)),
  one(5650, tmerc(15, 0.9996, 33_500_000)),
  one(3812, lcc(50.797815, 4.359215833333333, 49.83333333333334, 51.16666666666666, 649_328, 665_262)),
  one(
    2056,
    '+proj=somerc +lat_0=46.95240555555556 +lon_0=7.439583333333333 +k_0=1 +x_0=2600000 +y_0=1200000 +ellps=bessel +towgs84=674.374,15.056,405.346 +units=m'
  ),
  one(2154, lcc(46.5, 3, 49, 44, 700_000, 6_600_000)),
  { from: 3942, to: 3950, projOf: (code) => lcc(code - 3900, 3, code - 3900.75, code - 3899.25, 1_700_000, 200_000 + 1e6 * (code - 3941)) },
  one(2157, tmerc(-8, 0.99982, 600_000, 750_000, 53.5)),
  one(3763, tmerc(-8.133108333333334, 1, 0, 0, 39.66825833333333)),
  one(3006, utm(33, 'GRS80')),
  { from: 3007, to: 3018, projOf: (code) => tmerc(SWEREF_MERIDIANS[code - 3007] ?? 0, 1, 150_000) },
  one(3067, utm(35, 'GRS80')),
  { from: 3873, to: 3885, projOf: (code) => tmerc(code - 3854, 1, 500_000 + 1e6 * (code - 3854)) },
  { from: 5105, to: 5130, projOf: (code) => tmerc(code - 5099.5, 1, 100_000, 1_000_000, 58) },
  one(3301, lcc(57.51755393055556, 24, 59.33333333333334, 58, 500_000, 6_375_000)),
  one(3059, tmerc(24, 0.9996, 500_000, -6_000_000)),
  one(3346, tmerc(24, 0.9998, 500_000)),
  one(2180, tmerc(19, 0.9993, 500_000, -5_300_000)),
  { from: 2176, to: 2179, projOf: (code) => tmerc(3 * (code - 2171), 0.999923, 500_000 + 1e6 * (code - 2171)) },
  one(3794, tmerc(15, 0.9999, 500_000, -5_000_000)),
  one(3765, tmerc(16.5, 0.9999, 500_000)),
  { from: 6707, to: 6708, projOf: (code) => utm(code - 6675, 'GRS80') },
  { from: 7791, to: 7793, projOf: (code) => utm(code - 7759, 'GRS80') },
  // America, Australia and New Zealand, East Asia.
  { from: 26_901, to: 26_923, projOf: (code) => utm(code - 26_900, 'GRS80') },
  { from: 6330, to: 6348, projOf: (code) => utm(code - 6329, 'GRS80') },
  { from: 31_965, to: 31_976, projOf: (code) => utm(code - 31_954, 'GRS80') },
  { from: 31_977, to: 31_985, projOf: (code) => utm(code - 31_960, 'GRS80', true) },
  { from: 7846, to: 7859, projOf: (code) => utm(code - 7800, 'GRS80', true) },
  one(2193, tmerc(173, 0.9996, 1_600_000, 10_000_000)),
  { from: 6688, to: 6692, projOf: (code) => utm(code - 6637, 'GRS80') },
  { from: 4491, to: 4501, projOf: (code) => tmerc(6 * (code - 4491) + 75, 1, 500_000 + 1e6 * (code - 4478)) },
  { from: 4502, to: 4512, projOf: (code) => tmerc(6 * (code - 4502) + 75, 1, 500_000) },
  { from: 4513, to: 4533, projOf: (code) => tmerc(3 * (code - 4513) + 75, 1, 500_000 + 1e6 * (code - 4488)) },
  { from: 4534, to: 4554, projOf: (code) => tmerc(3 * (code - 4534) + 75, 1, 500_000) }
]

/** PROJ string of an EPSG code; undefined: none of those known here. */
export function projOfEpsg(code: number): string | undefined {
  return FAMILIES.find(({ from, to }) => code >= from && code <= to)?.projOf(code)
}

/** Of each family the first, the last and one between: enough to check its rule. */
export function sampledCodes(): readonly number[] {
  return FAMILIES.flatMap(({ from, to }) => [...new Set([from, Math.round((2 * from + to) / 3), to])])
}

/** Systems on older datums: without a grid of corrections their tie to WGS84 is off by so much. */
const COARSE: readonly (readonly [from: number, to: number, datum: string, errorM: number])[] = [
  [31_466, 31_469, 'DHDN (Gauss-Krüger)', 3],
  [31_254, 31_259, 'MGI', 1.5],
  [31_281, 31_290, 'MGI', 1.5],
  [27_700, 27_700, 'OSGB36', 5],
  [28_992, 28_992, 'Amersfoort', 0.5],
  [31_370, 31_370, 'Belge 1972', 1],
  [2169, 2169, 'Luxembourg 1930', 1],
  [5513, 5514, 'S-JTSK', 1],
  [23_700, 23_700, 'HD72', 1],
  [21_781, 21_781, 'CH1903', 1.5],
  [20_004, 20_032, 'Pulkovo 1995', 3],
  [28_402, 28_432, 'Pulkovo 1942', 5],
  [26_701, 26_722, 'NAD27', 10],
  [23_028, 23_038, 'ED50', 5],
  [28_348, 28_358, 'GDA94', 2]
]

export function coarseDatumOf(code: number): { readonly datum: string; readonly errorM: number } | undefined {
  const [, , datum, errorM] = COARSE.find(([from, to]) => code >= from && code <= to) ?? []
  return datum === undefined || errorM === undefined ? undefined : { datum, errorM }
}

/** Codes of degrees, of earth-centred metres and of heights: none of them is a plane. */
export const NOT_PROJECTED: ReadonlySet<number> = new Set([4326, 4979, 4978, 4258, 4937, 4936, 4269, 5773, 3855, 5783, 7837])
