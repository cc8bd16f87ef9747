const PUBLISH = 0x30
const QOS_1 = 0x02

/** Remaining length: 7 bits a byte, the lowest first (MQTT 3.1.1, 2.2.3). */
function lengthBytes(length: number): number[] {
  const bytes: number[] = []
  for (let left = length; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left]
    bytes.push((left % 128) | 0x80)
  }
}

/** A PUBLISH as it goes to a client (MQTT 3.1.1, 3.3). `id`: with QoS 1; undefined: QoS 0. */
export function publishPacket(topic: string, payload: Uint8Array, id: number | undefined): Buffer {
  const name = Buffer.from(topic)
  const idBytes = id === undefined ? [] : [id >> 8, id & 0xff]
  const length = 2 + name.length + idBytes.length + payload.length
  const head = [id === undefined ? PUBLISH : PUBLISH | QOS_1, ...lengthBytes(length), name.length >> 8, name.length & 0xff]
  return Buffer.concat([Buffer.from(head), name, Buffer.from(idBytes), payload])
}
