/** What the firmware prints, CR LF included, for simulators and tests. Addresses are 4 hex digits, distances in metres. */

export interface Qm33Measurement {
  readonly mac: string
  /** Absent: the round timed out. To the centimetre. */
  readonly distanceM?: number | undefined
  /** Only in notifications; to half a decibel. */
  readonly rssiDbm?: number | undefined
  /** To the hundredth. */
  readonly azimuthDeg?: number | undefined
}

const centimetres = (metres: number): number => Math.round(metres * 100)

/** SDK 1.x: a notification over several lines. */
export function encodeSessionInfo(session: number, seq: number, measurements: readonly Qm33Measurement[]): string {
  const records = measurements.map(({ mac, distanceM, rssiDbm, azimuthDeg }) => {
    const fields = [`mac_address=0x${mac}`, `status="${distanceM === undefined ? 'RX_TIMEOUT' : 'SUCCESS'}"`]
    if (distanceM !== undefined) fields.push(`distance[cm]=${centimetres(distanceM)}`)
    if (azimuthDeg !== undefined) fields.push(`loc_az_pdoa=0.00, loc_az=${azimuthDeg.toFixed(2)}`)
    if (rssiDbm !== undefined) fields.push(`RSSI[dBm]=${rssiDbm.toFixed(1)}`)
    return `\r\n\r [${fields.join(', ')}]`
  })
  const head = `session_handle=${session}, sequence_number=${seq}, block_index=${seq}, n_measurements=${measurements.length}`
  return `SESSION_INFO_NTF: {${head}${records.join(';')}}\r\n`
}

/** SDK before 1.0: JSON, a line each. */
export function encodeBlock(block: number, measurements: readonly Qm33Measurement[]): string {
  const results = measurements.map(({ mac, distanceM, azimuthDeg }) => {
    const angle = azimuthDeg === undefined ? '' : `,"LPDoA_deg":0.00,"LAoA_deg":${azimuthDeg.toFixed(2)},"LFoM":0,"RAoA_deg":0.00`
    return distanceM === undefined
      ? `{"Addr":"0x${mac}","Status":"Err"}`
      : `{"Addr":"0x${mac}","Status":"Ok","D_cm":${centimetres(distanceM)}${angle}}`
  })
  return `{"Block":${block}, "results":[${results.join(',')}]}\r\n`
}
