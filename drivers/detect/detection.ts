/**
 * What `tagward sniff` found out. The shapes here are what `--json` prints; `docs/operations/sniff.md` describes them. A member may be
 * added; none changes its meaning while `version` stays.
 */

/** How characters travel on a serial line. */
export interface LineSettings {
  /** Bits per second; absent where the link has none (a device server, a file). */
  readonly baudRate?: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
}

/** Another protocol that takes what was heard. */
export interface Alternative {
  readonly protocol: string
  readonly title: string
  /** 0 … 1, comparable within one detection. */
  readonly score: number
  /** Nothing that was heard tells it from the one that was chosen. */
  readonly tie: boolean
  readonly why: string
}

/** A protocol that was found. */
export interface Finding {
  readonly protocol: string
  readonly title: string
  readonly line?: LineSettings
  /** MQTT: filters to subscribe to. */
  readonly topics?: readonly string[]
  /** MQTT: the broker took nothing but 3.1.1. */
  readonly mqttVersion?: '3.1.1'
  /** Frames or messages that fit the protocol. */
  readonly frames: number
  /** Those that began like one and did not. */
  readonly damagedFrames: number
  /** Absent: the protocol has no checksum. */
  readonly checksums?: { readonly right: number; readonly wrong: number }
  /** How many frames there were of each kind, by the protocol's own names. */
  readonly kinds: Readonly<Record<string, number>>
  readonly tagCount: number
  /** Short ids, the first of them. */
  readonly tags: readonly string[]
  /** Share of the bytes (of the messages, with MQTT) that the protocol explains, 0 … 1. */
  readonly explainedShare: number
  readonly score: number
  readonly why: string
  readonly alternatives: readonly Alternative[]
  /** Ids of tags that encrypt what they say. */
  readonly keysNeededFor: readonly string[]
}

/** What bytes look like that nobody understood. */
export interface ByteLook {
  readonly bytes: number
  /** Share of printable ASCII, blanks and line ends, 0 … 1. */
  readonly printableShare: number
  readonly distinctBytes: number
  /** The most frequent ones, as hex. */
  readonly commonest: readonly { readonly byte: string; readonly share: number }[]
  readonly impression: 'nothing' | 'few' | 'text' | 'slower-line' | 'constant' | 'binary'
  /** The first bytes; unprintable ones as `\xHH`. */
  readonly sample: string
}

export interface HeardAtSpeed {
  readonly baudRate?: number
  readonly look: ByteLook
}

export interface HeardTopic {
  /** Levels that look like ids are `+`. */
  readonly topic: string
  readonly messages: number
  readonly bytes: number
  /** `json: id, rssi, …`, `text`, `binary`, `empty`. */
  readonly content: string
  readonly protocol?: string
}

/** A part of a configuration, as data. */
export interface ProposedConfig {
  readonly sources: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface Detection {
  readonly version: 1
  /** Port, file or URL, as it was named. */
  readonly target: string
  readonly kind: 'port' | 'file' | 'broker'
  /** `possible`: something fits, but not so often that it could not be chance. */
  readonly outcome: 'detected' | 'possible' | 'unknown' | 'silent'
  readonly findings: readonly Finding[]
  /** What fits a little, where nothing was found. */
  readonly possible: readonly Alternative[]
  readonly heard: { readonly speeds: readonly HeardAtSpeed[]; readonly topics: readonly HeardTopic[] }
  /** What else an installer should know. */
  readonly notes: readonly string[]
  /** Absent where nothing was found. */
  readonly config?: ProposedConfig
  /** `config` as YAML, with remarks. */
  readonly configYaml?: string
  /** It was stopped before its time. */
  readonly interrupted: boolean
}

/** What a detection is doing, for whoever waits. */
export interface SniffProgress {
  readonly baudRate?: number
  readonly bytes: number
  readonly messages?: number
  /** What fits best so far. */
  readonly best?: { readonly protocol: string; readonly frames: number }
}
