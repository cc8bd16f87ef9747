/** Records as a Quuppa Positioning Engine sends them, for simulators and tests. */

export interface QuuppaRecord {
  readonly tagId: string
  readonly location: readonly [number, number, number] | null
  readonly locationRadius?: number
  readonly locationTS?: number
  readonly lastPacketTS?: number
  readonly locationZoneIds?: readonly string[] | null
  readonly batteryVoltage?: number
  readonly batteryAlarm?: 'ok' | 'low'
  readonly button1State?: 'pushed' | 'notPushed'
  readonly button1LastPressTS?: number | null
}

/** Push of one record. */
export const encodeQuuppa = (record: QuuppaRecord, responseTS: number): string =>
  JSON.stringify({ locationType: record.location === null ? 'noLocation' : 'position', ...record, responseTS })

/** Answer to a poll. */
export const encodeQuuppaAnswer = (tags: readonly QuuppaRecord[], responseTS: number): string =>
  JSON.stringify({ code: 0, status: 'Ok', command: 'getTagData', responseTS, tags })

/** Lines of CSV, the first of which names the columns. */
export function encodeQuuppaCsv(tags: readonly QuuppaRecord[]): string {
  const lines = tags.map(({ tagId, locationTS = '', lastPacketTS = '', location }) => {
    const place = location === null ? '' : `"[${location.join(',')}]"`
    return `${tagId},${locationTS},${lastPacketTS},${place}`
  })
  return ['tagId,locationTS,lastPacketTS,location', ...lines].join('\n')
}
