/** What a PDoA node prints, CR LF included, for simulators and tests. */

const jsFrame = (value: object, padding: string): string => {
  const json = JSON.stringify(value)
  return `JS${json.length.toString(16).toUpperCase().padStart(4, padding)}${json}\r\n`
}

export interface PdoaRanging {
  /** 4 hex digits. */
  readonly tag: string
  readonly rangeNum: number
  readonly nodeTimeUs: number
  readonly distanceM: number
  /** Absent: firmware that does not compute it. */
  readonly position?: { readonly x: number; readonly y: number } | undefined
  readonly serviceBits: number
  readonly accelMilliG: readonly [number, number, number]
}

/** `padding` of the length: `0`, or a blank in older firmware. */
export function encodeTwr(ranging: PdoaRanging, padding: '0' | ' ' = '0'): string {
  const [X, Y, Z] = ranging.accelMilliG
  const place =
    ranging.position === undefined ? {} : { Xcm: Math.round(ranging.position.x * 100), Ycm: Math.round(ranging.position.y * 100) }
  const D = Math.round(ranging.distanceM * 100)
  const head = { a16: ranging.tag.toUpperCase(), R: ranging.rangeNum, T: ranging.nodeTimeUs, D, P: 1695 }
  return jsFrame({ TWR: { ...head, ...place, O: 14, V: ranging.serviceBits, X, Y, Z } }, padding)
}

export function encodeService(node: string, serviceBits: number, [X, Y, Z]: readonly [number, number, number]): string {
  return jsFrame({ SN: { a16: node.toUpperCase(), V: serviceBits, X, Y, Z } }, '0')
}

/** Any answer. */
export function encodeObject(value: object): string {
  return jsFrame(value, '0')
}
