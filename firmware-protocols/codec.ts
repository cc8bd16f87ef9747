import type { Reading } from './reading.ts'

/** How frames of a protocol travel; drivers offer one or more of these. */
export type CodecTransport = 'serial' | 'mqtt' | 'ble' | 'gatt' | 'udp' | 'websocket' | 'http' | 'lorawan'

/** The few facts about a frame that its bytes do not carry. All optional: a decoder says what it misses. */
export interface FrameContext {
  /** When the gateway received the frame, epoch milliseconds. */
  readonly receivedAt?: number | undefined
  /** MQTT topic, or the path of a push. */
  readonly topic?: string | undefined
  /** Address of the sender (BLE MAC, UDP peer), lower-case hex without separators. */
  readonly address?: string | undefined
  /** The device's local name, where the link tells it. */
  readonly name?: string | undefined
  /** GATT characteristic: its UUID in hex, short (16 bits) where it is one of the Bluetooth SIG. */
  readonly characteristic?: string | undefined
  /** LoRaWAN port. */
  readonly fPort?: number | undefined
  /** Key material for encrypted frames. */
  readonly key?: Uint8Array | undefined
  /** MQTT retain flag as received: the message is an old one. */
  readonly retained?: boolean | undefined
}

/** Why a frame was refused, by step: first framing and integrity, then meaning. */
export type DecodeErrorCode = 'FRAME_FORMAT' | 'FRAME_LENGTH' | 'FRAME_CHECKSUM' | 'FRAME_CONTEXT' | 'VALUE_RANGE'

/** A bad frame is a result, not an exception: noise is normal, and throwing at 50 000 frames/s is costly. */
export type DecodeResult =
  | { readonly kind: 'readings'; readonly readings: readonly Reading[] }
  /**
   * Well-formed, but not data: prompt, echo, downlink, a content that no reader knows. `repeat`: its data were told before, so it is safe
   * when they are.
   */
  | { readonly kind: 'ignored'; readonly why: string; readonly repeat?: true }
  /** The start of a valid frame: wait for more bytes. */
  | { readonly kind: 'incomplete'; readonly why: string }
  | { readonly kind: 'error'; readonly code: DecodeErrorCode; readonly why: string }

export interface FramerCounters {
  bytesIn: number
  frames: number
  badChecksum: number
  oversize: number
  /** Bytes that belonged to no frame. */
  discardedBytes: number
  resyncs: number
}

/**
 * Cuts frames out of a byte stream. Promises: any split of a stream gives the same frames; random noise never throws;
 * memory is capped by the longest frame of the protocol; after a false start it resumes one byte after it.
 */
export interface Framer {
  /** Feed bytes; `onFrame` is called for every whole frame. The view it gets is valid only during the call. */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void
  /** The link was re-opened: forget a half frame (its bytes count as discarded). */
  reset(): void
  /** For text protocols: no more bytes will come, so a last line without its end is whole. Never called on a live link. */
  flush?(onFrame: (frame: Uint8Array) => void): void
  readonly counters: Readonly<FramerCounters>
}

/** Decodes frames of one source, in order; may remember what the protocol spreads over frames (a date, an advertisement). */
export interface Decoder {
  /** Never throws, whatever the bytes. */
  decode(frame: Uint8Array, context: FrameContext): DecodeResult
}

/**
 * What a decoder knows again after a restart, such as how far the counters against replay have come. Names are of tags that a key is there
 * for, so that strangers cannot fill it; texts are small.
 */
export interface DecoderMemory {
  /** Undefined: nothing is remembered under this name. */
  recall(name: string): string | undefined
  /** Becomes durable together with what is made of the frame that is being decoded. */
  remember(name: string, text: string): void
  /** All that is remembered, for whoever decodes elsewhere with a copy of it; absent: it cannot be told. */
  entries?(): Iterable<readonly [name: string, text: string]>
}

/**
 * What a command asks of a tag; `payload` by kind: `text` {text}, `vibrate` and `sound` {pattern, seconds}, `led` {color, seconds}. Of an
 * output: `switch` {output, on}.
 */
export interface TagCommand {
  readonly kind: 'vibrate' | 'led' | 'sound' | 'text' | 'sos-received' | 'switch' | 'raw'
  readonly payload?: Readonly<Record<string, unknown>>
}

export interface EncodedCommand {
  readonly bytes: Uint8Array
  /** MQTT topic to publish it on. */
  readonly topic?: string
  /** What a `CommandAnswer` to it will carry; absent: the protocol has no answer. */
  readonly answerId?: string
}

/** What a command's bytes may need that the command does not say. */
export interface EncodeContext {
  /** Now, epoch milliseconds: for protocols whose replay protection is built on the sender's clock. */
  readonly sentAt?: number
}

/** Commands on their way down. Remembers what the protocol wants remembered (a sequence). */
export interface CommandEncoder {
  /** `target`: short id of the tag. Undefined: the protocol cannot say this. Never throws. */
  encode(target: string, command: TagCommand, context?: EncodeContext): EncodedCommand | undefined
}

/** What a device that speaks only when asked is asked. */
export interface CodecPoll {
  /** By the protocol's own names, as they travel. */
  readonly requests: Readonly<Record<string, Uint8Array>>
  /** Names of those that are asked in turn, where nothing else is wanted. */
  readonly usual: readonly string[]
  /** From one request to the next, where nothing else is wanted. */
  readonly intervalMs: number
}

/** How a protocol is met on a serial line, for finding out what hangs on a port. Nothing that is decoded depends on it. */
export interface SerialHabits {
  /** Usual speeds, bits per second, the most frequent one first. */
  readonly baudRates: readonly number[]
  /** Bits of checksum in a frame; absent: there is none, and frames are known by their form alone. */
  readonly checksumBits?: number
  /** For devices that are silent until something starts them, and have no `poll`: a question that changes nothing at them. */
  readonly question?: Uint8Array
}

/** One protocol that tags speak. Pure: no I/O, no clock, no timers. */
export interface Codec<Settings = unknown> {
  /** The protocol's name in configurations and in `tagward decode`. */
  readonly protocol: string
  readonly title: string
  /** The formats that travel under this one name, where they are several: makes and products, in words. */
  readonly formats?: readonly string[]
  readonly transport: CodecTransport
  /** Other ways on which the same frames travel. */
  readonly alsoOver?: readonly CodecTransport[]
  /** How `tagward decode` reads a bare frame: text as it is, binary as hex. */
  readonly encoding: 'text' | 'binary'
  /** `world`: ids are unique in the world, and the namespace is `idNamespace`; `system`: only within one system. */
  readonly idScope: 'world' | 'system'
  /** The namespace of world-wide ids, e.g. `ble`. */
  readonly idNamespace?: string
  /** For protocols on byte streams; message transports deliver whole frames. */
  readonly createFramer?: () => Framer
  /** For protocols on serial lines. */
  readonly serialHabits?: SerialHabits
  /** For protocols over MQTT: filters of the topics that give it away; a site may put levels of its own before them. */
  readonly usualTopics?: readonly string[]
  /** Nearly any bytes pass for a frame, so that taking one proves nothing: detection leaves the protocol out. */
  readonly undemanding?: true
  /** Zod schema of what an installer may set for this protocol (keys of tags, payload format …); absent: nothing. */
  readonly settings?: { parse(input: unknown): Settings }
  /**
   * `settings`: what the schema gave; absent where the protocol has none or all are left at their defaults. `memory`: of the source;
   * absent: what is decoded is of no consequence, and each decoder begins anew.
   */
  readonly createDecoder: (settings?: Settings, memory?: DecoderMemory) => Decoder
  /** For devices that speak only when asked; absent: they talk by themselves. */
  readonly poll?: CodecPoll
  /** For protocols that carry commands. */
  readonly createEncoder?: (settings?: Settings) => CommandEncoder
}

/** Every way on which a codec's frames travel. */
export function transportsOf(codec: Pick<Codec, 'transport' | 'alsoOver'>): readonly CodecTransport[] {
  return codec.alsoOver === undefined ? [codec.transport] : [codec.transport, ...codec.alsoOver]
}

/** Gives a codec its settings' type inside, and lets it stand among all others outside. */
export function defineCodec<Settings>(codec: Codec<Settings>): Codec {
  return codec as Codec
}
