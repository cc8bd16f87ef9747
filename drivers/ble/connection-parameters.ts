/** L2CAP signalling on LE links (Core Specification, volume 3, part A, 4.20 and 4.21). */
export const SIGNALLING_CHANNEL = 5
const UPDATE_REQUEST = 0x12
const UPDATE_RESPONSE = 0x13
const ACCEPTED = 0
const REJECTED = 1

/** In the units of the wire: 1.25 ms, connection events, 10 ms. */
export interface ConnectionParameters {
  readonly minInterval: number
  readonly maxInterval: number
  readonly latency: number
  readonly timeout: number
}

export interface ParameterAnswer {
  /** What is sent back on the signalling channel. */
  readonly response: Buffer
  /** What the adapter is to be told; absent: the request makes no sense and is refused. */
  readonly parameters?: ConnectionParameters
}

/**
 * The answer to a strap that asks for other timing, as most do to spare their batteries; some leave when nobody answers. On a shared channel
 * the kernel answers.
 *
 *   code u8 = 0x12, identifier u8, length u16 = 8, interval min u16, interval max u16, latency u16, timeout u16; little-endian
 *
 * Undefined: it is something else.
 */
export function answerParameterRequest(signal: Buffer): ParameterAnswer | undefined {
  if (signal.length < 12 || signal[0] !== UPDATE_REQUEST || signal.readUInt16LE(2) !== 8) return undefined
  const parameters = {
    minInterval: signal.readUInt16LE(4),
    maxInterval: signal.readUInt16LE(6),
    latency: signal.readUInt16LE(8),
    timeout: signal.readUInt16LE(10)
  }
  const good = possible(parameters)
  const response = Buffer.from([UPDATE_RESPONSE, signal[1] ?? 0, 2, 0, good ? ACCEPTED : REJECTED, 0])
  return good ? { response, parameters } : { response }
}

/** Limits of the specification (volume 4, part E, 7.8.18); the timeout must outlast the longest time without a connection event. */
function possible({ minInterval, maxInterval, latency, timeout }: ConnectionParameters): boolean {
  const inRange = minInterval >= 6 && minInterval <= maxInterval && maxInterval <= 3200 && latency < 500 && timeout >= 10 && timeout <= 3200
  return inRange && timeout * 10 > (1 + latency) * maxInterval * 1.25 * 2
}
