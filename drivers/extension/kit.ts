/**
 * The public entry of the package, for drivers and codecs of third parties. A module that is found by its file alone is given `kit` as the argument
 * of its `tagward` function; one that is installed beside Tagward may `import { defineDriver } from 'tagward'`. docs/extending.md is the guide.
 * What is here keeps its meaning as long as `API_VERSION` is the same.
 */
import { z } from 'zod'
import { type Codec, transportsOf } from '../../firmware-protocols/codec.ts'
import { BinaryFramer, NEED_MORE, NO_START } from '../../firmware-protocols/kit/binary-framer.ts'
import { fromHex, toHex } from '../../firmware-protocols/kit/hex.ts'
import { LineFramer } from '../../firmware-protocols/kit/line-framer.ts'
import { failure, ignored, readings } from '../../firmware-protocols/kit/results.ts'
import { PEM, REFERABLE, SECRET, written } from '../../firmware-protocols/kit/setting-marks.ts'
import { latin1Text, utf8Bytes, utf8Text } from '../../firmware-protocols/kit/text.ts'
import { createFrameFeed, createStreamFeed } from '../codec-feed.ts'
import { CommandDesk } from '../command-desk.ts'
import { type Driver, DriverError } from '../driver.ts'
import { guarded } from '../driver-errors.ts'
import { limitedSend } from '../limited-send.ts'
import { createMessageFeed } from '../message-feed.ts'
import { createRunEnd, pause } from '../run-end.ts'
import { API_VERSION, checkCodec, checkDriver } from './extension-shape.ts'

/**
 * Declares a kind of source; its settings' type is known inside, and it stands among all others outside.
 * @throws ExtensionError EXTENSION_INVALID that says what is missing or wrong.
 */
function defineDriverOf<Settings>(driver: Driver<Settings>): Driver<unknown> {
  return checkDriver(driver)
}

/** Declares a protocol. @throws ExtensionError EXTENSION_INVALID that says what is missing or wrong. */
function defineCodecOf<Settings>(codec: Codec<Settings>): Codec {
  return checkCodec(codec)
}

/** Everything that an extension is given. */
export const kit = Object.freeze({
  API_VERSION,
  /** The zod of the gateway: schemas of settings are built with it. */
  z,
  defineDriver: defineDriverOf,
  defineCodec: defineCodecOf,
  /** What a driver throws, or hands to `context.failed`: code, sentence, and whether trying again can help. */
  DriverError,
  /** Framing, decoding, counting, stamping and delivering, for byte streams, whole frames, and messages of several frames. */
  createStreamFeed,
  createFrameFeed,
  createMessageFeed,
  /** Commands on their way to tags: encodes, sends, waits for the answers. */
  CommandDesk,
  /** The end of a run, by `stop` or by the signal; and a wait that it ends. */
  createRunEnd,
  pause,
  /** Keeps the promises of `send` whatever the attempt does. */
  limitedSend,
  /** Turns what a callback of a socket or emitter throws into the failure of the run. */
  guarded,
  /** Cut frames out of a stream: lines, and frames that tell their length. */
  LineFramer,
  BinaryFramer,
  NEED_MORE,
  NO_START,
  /** What a decoder answers. */
  readings,
  ignored,
  failure,
  transportsOf,
  toHex,
  fromHex,
  utf8Text,
  utf8Bytes,
  latin1Text,
  /** Marks for `.meta` of settings: secret, may be given by reference, PEM text or file, what to write in words. */
  SECRET,
  REFERABLE,
  PEM,
  written
})

export type Kit = typeof kit
