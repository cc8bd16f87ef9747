/**
 * What `import … from 'tagward'` gives: the parts of the kit under their own names, and all types. docs/extending.md is the guide.
 */
import type { z as ownZod } from 'zod'
import { type Kit, kit as ownKit } from './kit.ts'

/** What a schema of settings gives. */
export type { output as SettingsOf } from 'zod'
export type * from '../../firmware-protocols/codec.ts'
export type * from '../../firmware-protocols/reading.ts'
export type { Envelope, FeedContext, FeedOptions, FrameFeed, StreamFeed } from '../codec-feed.ts'
export type {
  Clock,
  Command,
  Delivery,
  Driver,
  DriverContext,
  DriverRun,
  DriverSink,
  ExclusiveClaim,
  FrameCounters,
  Logger,
  SendOptions,
  SendOutcome,
  TimerHandle
} from '../driver.ts'
export type { MessageFeed, Refusal } from '../message-feed.ts'
export type { RunEnd } from '../run-end.ts'
export type { Extension } from './extension-shape.ts'
export type { Kit } from './kit.ts'

/** Everything at once: what the `tagward` function of a module is given. */
export const kit: Kit = ownKit

/** The zod of the gateway: schemas of settings are built with it. */
export const z: typeof ownZod = ownKit.z

export const {
  API_VERSION,
  defineDriver,
  defineCodec,
  DriverError,
  createStreamFeed,
  createFrameFeed,
  createMessageFeed,
  CommandDesk,
  createRunEnd,
  pause,
  limitedSend,
  guarded,
  LineFramer,
  BinaryFramer,
  NEED_MORE,
  NO_START,
  readings,
  ignored,
  failure,
  transportsOf,
  toHex,
  fromHex,
  utf8Text,
  utf8Bytes,
  latin1Text,
  SECRET,
  REFERABLE,
  PEM,
  written
} = ownKit
