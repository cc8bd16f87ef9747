/** An event as a test tells it; what it leaves out is filled in. */
export interface ToldEvent {
  readonly gateway?: string
  readonly epoch?: string
  readonly lane?: 'alarm' | 'telemetry'
  readonly sequence: number
  readonly type?: string
  readonly key?: string
  readonly data?: Readonly<Record<string, unknown>>
}

export interface EventRecord {
  readonly key: string
  readonly value: string
  readonly headers: Record<string, string>
}

const RECEIVED_AT = 1_790_000_000_000

function attributesOf(event: ToldEvent): { attributes: Record<string, string>; key: string; data: object } {
  const { gateway = 'gw1', epoch = '1', lane = 'telemetry', sequence, type = 'TagMovement', key = 'pans:4d18' } = event
  const origin = { source: 'pans', receivedAt: RECEIVED_AT + sequence, clockQuality: 'synchronised', bootId: 'b1', monotonicMs: sequence }
  const attributes = {
    specversion: '1.0',
    id: `${gateway}/${epoch}/${lane}/${sequence}`,
    source: `/site/test/gateway/${gateway}`,
    type,
    subject: key,
    time: new Date(RECEIVED_AT + (sequence % 1_000_000_000)).toISOString(),
    lane,
    epoch,
    sequence: String(sequence).padStart(20, '0')
  }
  return { attributes, key, data: { ...origin, ...(event.data ?? { tag: key, position: { x: sequence / 100, y: 2 } }) } }
}

/** CloudEvents 1.0 in structured mode, as the gateway sends it. */
export function structuredRecord(event: ToldEvent): EventRecord {
  const { attributes, key, data } = attributesOf(event)
  const value = JSON.stringify({ ...attributes, datacontenttype: 'application/json', data })
  return { key, value, headers: { 'content-type': 'application/cloudevents+json' } }
}

/** The same in binary mode: attributes are headers. */
export function binaryRecord(event: ToldEvent): EventRecord {
  const { attributes, key, data } = attributesOf(event)
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]))
  return { key, value: JSON.stringify(data), headers: { 'content-type': 'application/json', ...headers } }
}
