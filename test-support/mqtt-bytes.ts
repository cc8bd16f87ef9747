/** MQTT packets as bytes, for tests that stand in for a broker or look at the wire. */
export type MqttVersion = '3.1.1' | '5'

/** A packet from its first byte and body, with the remaining length between them (MQTT 2.2.3). */
export function packet(first: number, body: Uint8Array = new Uint8Array()): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    length.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const noProperties = (version: MqttVersion): Buffer => Buffer.from(version === '5' ? [0] : [])

export interface PublishFields {
  readonly topic: string
  readonly payload: Uint8Array | string
  readonly qos: 0 | 1 | 2
  readonly packetId?: number
  readonly dup?: boolean
  readonly retain?: boolean
}

export function publishPacket(version: MqttVersion, { topic, payload, qos, packetId = 0, dup, retain }: PublishFields): Buffer {
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
  const name = Buffer.from(topic)
  const id = qos === 0 ? [] : [uint16(packetId)]
  return packet(first, Buffer.concat([uint16(name.length), name, ...id, noProperties(version), Buffer.from(payload)]))
}

export function connackPacket(version: MqttVersion, sessionPresent: boolean, reason = 0): Buffer {
  return packet(0x20, Buffer.concat([Buffer.from([sessionPresent ? 1 : 0, reason]), noProperties(version)]))
}

export function subackPacket(version: MqttVersion, packetId: number, codes: readonly number[]): Buffer {
  return packet(0x90, Buffer.concat([uint16(packetId), noProperties(version), Buffer.from(codes)]))
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP with nothing but the id, which both versions allow. */
export function ackPacket(kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number): Buffer {
  return packet({ puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 }[kind], uint16(packetId))
}

/** DISCONNECT as a broker of version 5 sends it. */
export function disconnectPacket(reason: number): Buffer {
  return packet(0xe0, Buffer.from([reason, 0]))
}

/** Cuts whole packets out of a byte stream: their first byte and body. */
export function createPacketCutter(): (chunk: Uint8Array) => { readonly first: number; readonly body: Buffer }[] {
  let pending = Buffer.alloc(0)
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    const packets: { first: number; body: Buffer }[] = []
    for (;;) {
      let length = 0
      let at = 1
      for (let factor = 1; ; factor *= 128) {
        const byte = pending[at]
        if (byte === undefined) return packets
        at += 1
        length += (byte & 127) * factor
        if (byte < 128) break
      }
      if (pending.length < at + length) return packets
      packets.push({ first: pending[0] ?? 0, body: pending.subarray(at, at + length) })
      pending = pending.subarray(at + length)
    }
  }
}
