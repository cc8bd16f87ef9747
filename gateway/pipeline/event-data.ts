import type { z } from 'zod'
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
}

/** Events between processors that are never logged. */
export interface InnerEvents {
  /** The gateway heard nothing for a while, whoever sent: it was down, or stood still. Told before the first event after it. */
  readonly GatewayWasBlind: { readonly fromMs: number; readonly toMs: number }
}

export type EventType = keyof EventData

export const INNER_TYPES: readonly (keyof InnerEvents)[] = ['GatewayWasBlind']
