/** Map projections as they stand in a configuration, what PROJ is asked for the same, and a place of their zone. */

export interface ProjectedCase {
  readonly crs: string
  /** Operation of `cct` from longitude, latitude, height on WGS84 to easting, northing, height. */
  readonly operation: string
  readonly lat: number
  readonly lon: number
}

const plain = (crs: string, operation: string, lat: number, lon: number): ProjectedCase => ({ crs, operation, lat, lon })
const same = (proj: string, lat: number, lon: number): ProjectedCase => ({ crs: proj, operation: proj, lat, lon })

/** The shift between datums with the height set aside, as PROJ does for systems without heights. */
function shifted(projection: string, ellipsoid: string, shift: readonly number[], lat: number, lon: number): ProjectedCase {
  const [x = 0, y = 0, z = 0, rx = 0, ry = 0, rz = 0, s = 0] = shift
  const helmert = `+proj=helmert +x=${x} +y=${y} +z=${z}${shift.length === 7 ? ` +rx=${rx} +ry=${ry} +rz=${rz} +s=${s} +convention=position_vector` : ''}`
  return {
    crs: `${projection} +ellps=${ellipsoid} +towgs84=${shift.join(',')} +units=m`,
    operation: [
      '+proj=pipeline +step +proj=push +v_3 +step +proj=cart +ellps=WGS84',
      `+step +inv ${helmert}`,
      `+step +inv +proj=cart +ellps=${ellipsoid} +step +proj=pop +v_3`,
      `+step ${projection} +ellps=${ellipsoid}`
    ].join(' '),
    lat,
    lon
  }
}

const DHDN = [598.1, 73.7, 418.2, 0.202, 0.045, -2.455, 6.7]
const SWISS = '+proj=somerc +lat_0=46.95240555555556 +lon_0=7.439583333333333 +k_0=1 +x_0=2600000 +y_0=1200000'

export const PROJECTED_CASES: readonly ProjectedCase[] = [
  plain('EPSG:25832', '+proj=utm +zone=32 +ellps=GRS80', 53.5, 10),
  plain('EPSG:32601', '+proj=utm +zone=1 +ellps=WGS84', 65, -179.9),
  plain('EPSG:32660', '+proj=utm +zone=60 +ellps=WGS84', 65, 179.9),
  plain('EPSG:32733', '+proj=utm +zone=33 +south +ellps=WGS84', -26.2, 15.2),
  plain('EPSG:2154', '+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 +ellps=GRS80', 45.76, 4.84),
  plain('EPSG:3035', '+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80', 60.2, 24.9),
  plain('EPSG:3857', '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +nadgrids=@null', 48.1, 11.5),
  plain('EPSG:5041', '+proj=stere +lat_0=90 +lon_0=0 +k=0.994 +x_0=2000000 +y_0=2000000 +ellps=WGS84', 89.9, 45),
  plain('EPSG:3031', '+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +ellps=WGS84', -77.8, 166.7),
  { ...shifted(SWISS, 'bessel', [674.374, 15.056, 405.346], 47.4, 8.5), crs: 'EPSG:2056' },
  shifted('+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0', 'bessel', DHDN, 51.45, 7.01),
  shifted('+proj=tmerc +lat_0=0 +lon_0=39 +k=1 +x_0=7500000 +y_0=0', 'krass', [23.57, -140.95, -79.8, 0, 0.35, 0.79, -0.22], 55.75, 37.6),
  shifted(
    '+proj=sterea +lat_0=52.1561605555556 +lon_0=5.38763888888889 +k=0.9999079 +x_0=155000 +y_0=463000',
    'bessel',
    [565.4171, 50.3319, 465.5524, 1.9342, -1.6677, 9.1019, 4.0725],
    51.9,
    4.48
  ),
  shifted(
    '+proj=omerc +no_uoff +lat_0=4 +lonc=102.25 +alpha=323.0257964666666 +gamma=323.1301023611111 +k=0.99984 +x_0=804671 +y_0=0',
    'evrst30',
    [295, 736, 257],
    3.1,
    101.7
  ),
  same('+proj=merc +lon_0=110 +k=0.997 +x_0=3900000 +y_0=900000 +ellps=WGS84', -6.2, 106.8),
  same('+proj=aea +lat_0=50 +lon_0=-154 +lat_1=55 +lat_2=65 +x_0=0 +y_0=0 +ellps=GRS80', 61.2, -149.9),
  same('+proj=aeqd +lat_0=50 +lon_0=8 +x_0=0 +y_0=0 +ellps=WGS84', 50.4, 8.3),
  same(
    '+proj=cass +lat_0=10.44166666666667 +lon_0=-61.33333333333334 +x_0=86501.46392052001 +y_0=65379.0134283 +ellps=WGS84',
    10.65,
    -61.5
  ),
  shifted(
    '+proj=krovak +lat_0=49.5 +lon_0=24.8333333333333 +alpha=30.2881397222222 +k=0.9999 +x_0=0 +y_0=0',
    'bessel',
    [570.8, 85.7, 462.8, 4.998, 1.587, 5.261, 3.56],
    50.08,
    14.43
  )
]
