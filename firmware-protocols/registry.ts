import type { Codec } from './codec.ts'
import { dwm1001PansMqtt } from './dwm1001-pans-mqtt/pans-mqtt-codec.ts'

/** Every protocol that can be configured. To add one: a folder with its codec, one line here, a page in docs/protocols. */
export const CODECS: readonly Codec[] = [dwm1001PansMqtt]

export function findCodec(protocol: string): Codec | undefined {
  return CODECS.find((codec) => codec.protocol === protocol)
}
