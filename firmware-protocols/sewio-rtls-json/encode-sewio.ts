import { formatUtc } from '../kit/civil-time.ts'

/** Messages as RTLS Studio sends them, for simulators and tests. */

export type SewioStreams = Readonly<Record<string, string | number>>

/** `2016-10-18 14:16:56.365` */
const sewioTime = (epochMs: number): string => formatUtc(epochMs).replace('T', ' ').replace('Z', '')

export function sewioFeed(id: string, streams: SewioStreams, atMs: number): object {
  const at = sewioTime(atMs)
  return {
    id,
    datastreams: Object.entries(streams).map(([name, value]) => ({
      id: name,
      current_value: typeof value === 'number' ? ` ${value.toFixed(2)}` : value,
      at
    }))
  }
}

export const encodeSewioMessage = (id: string, streams: SewioStreams, atMs: number): string =>
  JSON.stringify({ body: sewioFeed(id, streams, atMs), resource: `/feeds/${id}` })
