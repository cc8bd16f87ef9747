/** Reads what the configuration calls a `crs`, and refuses what would give wrong places without a word. */

import { coarseDatumOf, NOT_PROJECTED, projOfEpsg } from './epsg.ts'
import { type Refusal, refuse } from './refusal.ts'

export interface CrsDefinition {
  readonly ok: true
  /** A PROJ string in metres, with easting and northing as axes. */
  readonly proj: string
}

export function readCrs(text: string): CrsDefinition | Refusal {
  const written = text.trim()
  const [, code] = /^EPSG:{1,2}(\d{1,6})$/i.exec(written) ?? []
  if (code !== undefined) return readEpsg(Number(code))
  if (written.startsWith('+')) return readProjString(written)
  if (/^\d+$/.test(written)) return refuse(`${written} alone says not whose code it is`, `write EPSG:${written}`)
  return refuse('this is neither an EPSG code nor a PROJ string', 'write for example "EPSG:25832", or "+proj=utm +zone=32 +ellps=GRS80"')
}

function readEpsg(code: number): CrsDefinition | Refusal {
  const proj = projOfEpsg(code)
  if (proj !== undefined) return { ok: true, proj }
  if (NOT_PROJECTED.has(code))
    return refuse(
      `EPSG:${code} is no map projection: it has no easting and northing`,
      'tie the frame by origin and headingDeg, or by controlPoints'
    )
  const coarse = coarseDatumOf(code)
  if (coarse !== undefined)
    return refuse(
      `EPSG:${code} stands on the datum ${coarse.datum}, whose tie to WGS84 is off by some ${coarse.errorM} m without a grid of corrections, and there is none here`,
      `tie the frame by controlPoints; if ${coarse.errorM} m do not matter, write the system as a PROJ string with +towgs84`
    )
  return refuse(`EPSG:${code} is not among the systems known here`, `write it as a PROJ string: \`projinfo -o PROJ EPSG:${code}\` gives it`)
}

/** Projections that were compared with PROJ; others are seldom meant for sites. */
const PROJECTIONS: readonly string[] = [
  'utm',
  'tmerc',
  'lcc',
  'merc',
  'omerc',
  'somerc',
  'stere',
  'sterea',
  'laea',
  'aea',
  'aeqd',
  'cass',
  'krovak'
]
const NUMBERS: ReadonlySet<string> = new Set(
  'lat_0 lat_1 lat_2 lat_ts lon_0 lon_1 lon_2 lonc alpha gamma x_0 y_0 k k_0 zone a b rf'.split(' ')
)
const FLAGS: ReadonlySet<string> = new Set(['south', 'no_defs', 'no_uoff', 'no_off', 'wktext'])
const ELLIPSOIDS = ['WGS84', 'GRS80', 'bessel', 'intl', 'krass', 'airy', 'clrk66', 'clrk80', 'aust_SA', 'GRS67', 'mod_airy', 'evrst30']

type Parameters = ReadonlyMap<string, string>

function readProjString(text: string): CrsDefinition | Refusal {
  const parameters = new Map<string, string>()
  for (const word of text.split(/\s+/)) {
    const [, key, value = ''] = /^\+([A-Za-z][A-Za-z0-9_]*)(?:=(.*))?$/.exec(word) ?? []
    if (key === undefined)
      return refuse(
        `${JSON.stringify(word.slice(0, 40))} is no parameter of a PROJ string`,
        'write each as +name=value, a space between them'
      )
    if (parameters.has(key)) return refuse(`+${key} is given twice`, 'leave one of them')
    parameters.set(key, value)
  }
  for (const check of CHECKS) {
    const refusal = check(parameters)
    if (refusal !== undefined) return refusal
  }
  return { ok: true, proj: text }
}

type Check = (parameters: Parameters) => Refusal | undefined

const checkProjection: Check = (parameters) => {
  const proj = parameters.get('proj')
  if (proj === undefined) return refuse('+proj is missing', 'begin with +proj=, for example +proj=utm +zone=32 +ellps=GRS80')
  if (proj === 'longlat' || proj === 'latlong' || proj === 'geocent')
    return refuse(
      `+proj=${proj} is no map projection: it has no easting and northing`,
      'tie the frame by origin and headingDeg, or by controlPoints'
    )
  if (!PROJECTIONS.includes(proj)) return refuse(`+proj=${proj} is not known here`, `known here: ${PROJECTIONS.join(', ')}`)
  if (proj === 'krovak' && parameters.get('ellps') !== 'bessel')
    return refuse('+proj=krovak is made for +ellps=bessel', 'write +ellps=bessel, and its +towgs84')
  const zone = Number(parameters.get('zone'))
  if (proj === 'utm' && !(Number.isInteger(zone) && zone >= 1 && zone <= 60))
    return refuse('+proj=utm has no zone', 'add +zone= with a whole number from 1 to 60, and +south on the southern half of the earth')
  return undefined
}

/** Positions are in metres everywhere in the gateway; a unit that slipped by would put people elsewhere. */
const checkUnits: Check = (parameters) => {
  const units = parameters.get('units') ?? 'm'
  const toMeter = parameters.get('to_meter') ?? '1'
  if (units !== 'm')
    return refuse(
      `the system counts in ${units}, and frames are in metres`,
      'write +units=m, and offset in metres (x_0 and y_0 are in metres already)'
    )
  return Number(toMeter) === 1
    ? undefined
    : refuse('+to_meter is not 1, and frames are in metres', 'leave it out, and write offset in metres')
}

const checkAxes: Check = (parameters) => {
  const axis = parameters.get('axis') ?? 'enu'
  if (axis === 'enu') return undefined
  return refuse(
    `the axes are ${JSON.stringify(axis.slice(0, 10))}, and x is the easting, y the northing of a frame here`,
    'leave +axis out, with x and y of the frame (and of offset) as easting and northing; or tie the frame by controlPoints'
  )
}

const checkHeights: Check = (parameters) => {
  const key = ['geoidgrids', 'vunits', 'vto_meter', 'geoid_crs'].find((each) => parameters.has(each))
  if (key === undefined) return undefined
  return refuse(
    `+${key} speaks of a system of heights, for which there are no data here`,
    'leave it out: z and offset.z are metres above the ellipsoid; to heights above the sea the height of the geoid is to be added'
  )
}

/** What ties the ellipsoid to WGS84. Nothing at all would be off by hundreds of metres. */
const checkDatum: Check = (parameters) => {
  const grids = parameters.get('nadgrids')
  if (grids !== undefined && grids !== '@null')
    return refuse(
      `the grid of corrections ${grids.slice(0, 60)} is not here`,
      'tie the frame by controlPoints; if some metres do not matter, write +towgs84 in place of +nadgrids'
    )
  const datum = parameters.get('datum')
  if (datum !== undefined && datum !== 'WGS84' && datum !== 'NAD83')
    return refuse(`+datum=${datum} is not known here`, 'write its +ellps and its +towgs84 instead (projinfo tells both)')
  const shift = parameters.get('towgs84')
  if (shift !== undefined) {
    const numbers = shift.split(',')
    if ((numbers.length !== 3 && numbers.length !== 7) || !numbers.every(isNumber))
      return refuse('+towgs84 has not three or seven numbers', 'write +towgs84=dx,dy,dz or +towgs84=dx,dy,dz,rx,ry,rz,ds, without spaces')
  }
  return checkEllipsoid(parameters, shift !== undefined || datum !== undefined || grids !== undefined)
}

function checkEllipsoid(parameters: Parameters, isTied: boolean): Refusal | undefined {
  const ellipsoid = parameters.get('ellps')
  if (ellipsoid !== undefined && !ELLIPSOIDS.includes(ellipsoid))
    return refuse(`+ellps=${ellipsoid} is not known here`, `known here: ${ELLIPSOIDS.join(', ')}; or write +a and +rf`)
  if (isTied || ellipsoid === 'WGS84' || ellipsoid === 'GRS80') return undefined
  return refuse(
    ellipsoid === undefined && !parameters.has('a')
      ? 'the ellipsoid is missing'
      : 'the ellipsoid is not tied to WGS84: that may be off by hundreds of metres',
    'add +ellps=WGS84 or +ellps=GRS80, or for an older datum +towgs84 (projinfo tells it)'
  )
}

/** A misspelt name would be passed over by the library, and with it what was meant. */
const checkNames: Check = (parameters) => {
  const handled = new Set(['proj', 'units', 'to_meter', 'axis', 'nadgrids', 'datum', 'towgs84', 'ellps', 'type', 'pm'])
  for (const [key, value] of parameters) {
    if (NUMBERS.has(key) && !isNumber(value)) return refuse(`+${key} is no number`, 'write decimal degrees or metres, such as 9.5')
    if (!NUMBERS.has(key) && !FLAGS.has(key) && !handled.has(key))
      return refuse(`+${key} is not known here`, 'check how it is spelt, or leave it out')
  }
  const meridian = parameters.get('pm')
  return meridian === undefined || meridian === 'greenwich' || isNumber(meridian)
    ? undefined
    : refuse(`+pm=${meridian} is not known here`, 'write its longitude from Greenwich in degrees')
}

/** Programs differ in which of the two they follow. */
const checkScale: Check = (parameters) => {
  const scale = parameters.get('k') ?? parameters.get('k_0')
  if (!parameters.has('lat_ts') || scale === undefined || Number(scale) === 1) return undefined
  return refuse('+lat_ts and +k both set the scale', 'leave one of them')
}

const CHECKS: readonly Check[] = [checkProjection, checkScale, checkUnits, checkAxes, checkHeights, checkDatum, checkNames]

const isNumber = (text: string): boolean => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)
