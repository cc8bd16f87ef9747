/** Messages of an omlox hub, for simulators and tests. */

export interface OmloxLocation {
  readonly provider_id: string
  readonly position: { readonly type: 'Point'; readonly coordinates: readonly number[] }
  readonly source: string
  readonly provider_type: string
  readonly crs?: string
  readonly trackables?: readonly string[]
  readonly timestamp_generated?: string
  readonly accuracy?: number
  readonly floor?: number
  readonly true_heading?: number
  readonly speed?: number
  readonly course?: number
}

export const omloxLocation = (providerId: string, coordinates: readonly number[], more: Partial<OmloxLocation> = {}): OmloxLocation => ({
  position: { type: 'Point', coordinates },
  source: 'f4c05a2b-afd3-41a0-88e2-46f69bdb192e',
  provider_type: 'uwb',
  provider_id: providerId,
  ...more
})

export const encodeOmloxMessage = (topic: string, payload: readonly object[]): string =>
  JSON.stringify({ event: 'message', topic, subscription_id: 1, payload })
