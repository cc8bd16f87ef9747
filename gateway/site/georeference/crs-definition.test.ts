import { describe, expect, it } from 'vitest'
import { readCrs } from './crs-definition.ts'

const refusal = (crs: string): string => {
  const result = readCrs(crs)
  return result.ok ? 'taken' : `${result.what}; ${result.remedy}`
}

describe('a crs', () => {
  it('is an EPSG code of a family known here', () => {
    expect(readCrs('EPSG:25832')).toEqual({ ok: true, proj: '+proj=utm +zone=32 +ellps=GRS80 +units=m' })
    expect(readCrs(' epsg:32733 ')).toEqual({ ok: true, proj: '+proj=utm +zone=33 +south +ellps=WGS84 +units=m' })
  })

  it('is a PROJ string that is wholly understood', () => {
    const proj =
      '+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0 +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7 +units=m +no_defs'
    expect(readCrs(proj)).toEqual({ ok: true, proj })
    expect(readCrs('+proj=utm +zone=33 +datum=WGS84 +type=crs').ok).toBe(true)
  })

  it('is refused, with the reason, where people would stand elsewhere without a word', () => {
    const cases: readonly [string, RegExp][] = [
      ['EPSG:31467', /DHDN.*off by some 3 m without a grid.*controlPoints/],
      ['EPSG:27700', /OSGB36.*5 m/],
      ['EPSG:4326', /no map projection.*origin and headingDeg/],
      ['EPSG:999999', /not among the systems known here; .*projinfo -o PROJ EPSG:999999/],
      ['25832', /write EPSG:25832/],
      ['UTM 32', /neither an EPSG code nor a PROJ string/],
      ['+proj=longlat +datum=WGS84', /no map projection/],
      ['+proj=robin +datum=WGS84', /\+proj=robin is not known here; known here: utm, tmerc/],
      ['+zone=32 +ellps=GRS80', /\+proj is missing/],
      ['+proj=utm +ellps=GRS80', /no zone/],
      ['+proj=utm +zone=32.5 +ellps=GRS80', /no zone/],
      ['+proj=lcc +lat_1=33 +datum=NAD83 +units=us-ft', /counts in us-ft, and frames are in metres/],
      ['+proj=utm +zone=32 +ellps=GRS80 +to_meter=0.3048', /\+to_meter is not 1/],
      ['+proj=tmerc +lon_0=9 +axis=neu +ellps=GRS80', /axes are "neu", and x is the easting/],
      ['+proj=tmerc +axis=swu +ellps=bessel +towgs84=1,2,3', /axes are "swu"/],
      ['+proj=utm +zone=32 +ellps=GRS80 +geoidgrids=egm96_15.gtx', /system of heights/],
      ['+proj=utm +zone=32 +ellps=GRS80 +vunits=us-ft', /system of heights/],
      ['+proj=tmerc +lon_0=9 +ellps=bessel +nadgrids=BETA2007.gsb', /grid of corrections BETA2007\.gsb is not here/],
      ['+proj=tmerc +lon_0=9 +ellps=bessel +nadgrids=@BETA2007.gsb', /is not here/],
      ['+proj=tmerc +lon_0=9 +ellps=bessel', /not tied to WGS84: that may be off by hundreds of metres/],
      ['+proj=tmerc +lon_0=9', /the ellipsoid is missing/],
      ['+proj=tmerc +lon_0=9 +a=6377000 +rf=300', /not tied to WGS84/],
      ['+proj=tmerc +lon_0=9 +datum=potsdam', /\+datum=potsdam is not known here; write its \+ellps and its \+towgs84/],
      ['+proj=tmerc +lon_0=9 +ellps=besel +towgs84=1,2,3', /\+ellps=besel is not known/],
      ['+proj=tmerc +lon_0=9 +ellps=bessel +towgs84=1,2', /three or seven numbers/],
      ['+proj=tmerc +lon0=9 +ellps=GRS80', /\+lon0 is not known here; check how it is spelt/],
      ["+proj=tmerc +lon_0=9d30'E +ellps=GRS80", /\+lon_0 is no number/],
      ['+proj=merc +lat_ts=10 +k=0.997 +ellps=WGS84', /both set the scale/],
      ['+proj=krovak +ellps=GRS80', /made for \+ellps=bessel/],
      ['+proj=utm +zone=32 +zone=33 +ellps=GRS80', /\+zone is given twice/],
      ['+proj=utm zone=32 +ellps=GRS80', /"zone=32" is no parameter/],
      ['+proj=tmerc +lon_0=9 +ellps=GRS80 +pm=paris', /\+pm=paris/]
    ]
    for (const [crs, reason] of cases) expect(refusal(crs), crs).toMatch(reason)
  })
})
