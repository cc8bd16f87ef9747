import { type AnyProcessor, defineProcessor } from '../processor.ts'

interface InZones {
  readonly zones: string[]
}

/** Gives what a person's tag measures to each zone that the person is in. */
export function zoneMeasurements(): AnyProcessor {
  return defineProcessor<'WornInfo' | 'ZoneEntered' | 'ZoneLeft', 'ZoneMeasurement', InZones>({
    name: 'zone-measurements',
    title: "What people's tags measure, by the zones that they are in",
    in: ['WornInfo', 'ZoneEntered', 'ZoneLeft'],
    out: ['ZoneMeasurement'],
    version: 1,
    key: ({ data }) => data.person,
    initial: () => ({ zones: [] }),
    process(event, { zones }, context) {
      if (event.type === 'WornInfo') {
        for (const zone of zones) {
          context.emit('ZoneMeasurement', { key: zone, time: event.time, source: event.source, data: { zone, info: event.data.info } })
        }
      } else {
        const place = zones.indexOf(event.data.zone)
        if (event.type === 'ZoneEntered' && place < 0) zones.push(event.data.zone)
        if (event.type === 'ZoneLeft' && place >= 0) zones.splice(place, 1)
      }
      if (zones.length === 0) context.drop()
    }
  })
}
