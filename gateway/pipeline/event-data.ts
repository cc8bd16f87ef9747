import type { z } from 'zod'
import type * as business from '../events/business-events.ts'
import type { dataGap, sourceLost, sourceRestored } from '../events/gateway-events.ts'
import type { deviceStatus, tagAlert, tagInfo, tagMovement } from '../events/raw-events.ts'

/** Data of every event type that may pass through the pipeline: those of the contract, and those that stay inside. */
export interface EventData extends InnerEvents {
  readonly TagMovement: z.infer<typeof tagMovement.data>
  readonly TagInfo: z.infer<typeof tagInfo.data>
  readonly TagAlert: z.infer<typeof tagAlert.data>
  readonly DeviceStatus: z.infer<typeof deviceStatus.data>
  readonly SourceLost: z.infer<typeof sourceLost.data>
  readonly SourceRestored: z.infer<typeof sourceRestored.data>
  readonly DataGap: z.infer<typeof dataGap.data>
  readonly PersonMovement: z.infer<typeof business.personMovement.data>
  readonly PersonTelemetry: z.infer<typeof business.personTelemetry.data>
  readonly PersonAlert: z.infer<typeof business.personAlert.data>
  readonly PersonStopped: z.infer<typeof business.personStopped.data>
  readonly PersonMoving: z.infer<typeof business.personMoving.data>
  readonly ZoneEntered: z.infer<typeof business.zoneEntered.data>
  readonly ZoneLeft: z.infer<typeof business.zoneLeft.data>
  readonly PersonsInZone: z.infer<typeof business.personsInZone.data>
  readonly ZoneStatusChanged: z.infer<typeof business.zoneStatusChanged.data>
  readonly SignalLost: z.infer<typeof business.signalLost.data>
  readonly SignalRestored: z.infer<typeof business.signalRestored.data>
  readonly TelemetryAggregate: z.infer<typeof business.telemetryAggregate.data>
  readonly DirectoryChanged: z.infer<typeof business.directoryChanged.data>
}

/** Events between processors that are never logged. */
export interface InnerEvents {
  /** The gateway heard nothing from pipeline time `fromMs` to `toMs`, whoever sent: it was down, or stood still. Told before the first event after it. */
  readonly GatewayWasBlind: { readonly fromMs: number; readonly toMs: number }
  /**
   * A tag is somewhere: one fix, already located, smoothed and put on the map. `past`: older than one that was told of this tag before, so
   * it says where it was and not where it is. Key: tag; time: that of the fix.
   */
  readonly TagFix: { readonly fix: business.Fix; readonly past?: true } & Motion
  /** The fix of a tag that this person wears now. Key: person. */
  readonly WornFix: { readonly person: string; readonly fix: business.Fix } & Motion
  /** A fix from the past, of whoever wore the tag then. Key: person. */
  readonly PastFix: { readonly person: string; readonly fix: business.Fix } & Motion
  /** What a tag says of itself and of whoever wore it then. Key: person. */
  readonly WornInfo: { readonly person: string; readonly info: EventData['TagInfo'] }
  /** An alert of a person's tag. `handedOver`: it was raised before the tag was bound to this person, and stands. Key: person. */
  readonly WornAlert: { readonly person: string; readonly alert: EventData['TagAlert']; readonly handedOver?: true }
  /** This person no longer wears the tag. Key: person. */
  readonly TagTakenOff: { readonly person: string; readonly tag: string }
  /** Nothing tells any more where a person is: the last of their tags that did was taken off. Key: person. */
  readonly PersonUnplaced: { readonly person: string }
  /** A receiver of a source died or is back; `receiver` as it stands in tags' frames. Key: device. */
  readonly ReceiverChanged: { readonly source: string; readonly receiver: string; readonly online: boolean }
  /** What a tag measured that somebody in the zone wears. Key: zone. */
  readonly ZoneMeasurement: { readonly zone: string; readonly info: EventData['TagInfo'] }
  /** Where a person is, by the best of their tags; every fix, while `PersonMovement` is told at most so often. Key: person. */
  readonly PersonFix: { readonly person: string; readonly fix: business.Fix } & Motion
  /** Zones were added, changed or removed: who is inside is judged anew. Told with the first turn of the new zones. Key: gateway. */
  readonly ZonesChanged: Readonly<Record<string, never>>
}

/** As the positioning system tells it. */
export interface Motion {
  readonly speedMps?: number | undefined
  readonly courseDeg?: number | undefined
}

export type EventType = keyof EventData

export const INNER_TYPES: readonly (keyof InnerEvents)[] = [
  'GatewayWasBlind',
  'ReceiverChanged',
  'TagFix',
  'WornFix',
  'PastFix',
  'WornInfo',
  'WornAlert',
  'TagTakenOff',
  'ZoneMeasurement',
  'PersonUnplaced',
  'PersonFix',
  'ZonesChanged'
]
