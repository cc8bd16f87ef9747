import { abeewayAt2 } from './abeeway-at2/abeeway-at2-codec.ts'
import { abeewayAt3 } from './abeeway-at3/abeeway-at3-codec.ts'
import { aprbrotherGwV4 } from './aprbrother-gw-v4/aprbrother-codec.ts'
import { aprbrotherGwV4Device } from './aprbrother-gw-v4-device/aprbrother-entry-codec.ts'
import { bleAdvertisement } from './ble-advertisement/ble-advertisement-codec.ts'
import { chirpstackV4Mqtt } from './chirpstack-v4-mqtt/chirpstack-codec.ts'
import { ciholasCdp } from './ciholas-cdp/cdp-codec.ts'
import type { Codec } from './codec.ts'
import { decawavePdoaJson } from './decawave-pdoa-json/pdoa-codec.ts'
import { dwm1001PansMqtt } from './dwm1001-pans-mqtt/pans-mqtt-codec.ts'
import { dwm1001UartShell } from './dwm1001-uart-shell/uart-shell-codec.ts'
import { dwm1001UartTlv } from './dwm1001-uart-tlv/uart-tlv-codec.ts'
import { firaUci } from './fira-uci/uci-codec.ts'
import { gatt } from './gatt/gatt-codec.ts'
import { helmet } from './helmet/helmet-codec.ts'
import { kontaktioTelemetry } from './kontaktio-telemetry/kontaktio-codec.ts'
import { makerfabsAtRange } from './makerfabs-at-range/makerfabs-codec.ts'
import { minewGatewayJson } from './minew-gateway-json/minew-gateway-codec.ts'
import { nmea0183 } from './nmea0183/nmea0183-codec.ts'
import { nooploopNlink } from './nooploop-nlink/nlink-codec.ts'
import { omloxHubV2 } from './omlox-hub-v2/omlox-codec.ts'
import { openmqttgatewayBle } from './openmqttgateway-ble/omg-codec.ts'
import { pozyxMqtt } from './pozyx-mqtt/pozyx-codec.ts'
import { qorvoQm33Cli } from './qorvo-qm33-cli/qm33-codec.ts'
import { quuppaQpeJson } from './quuppa-qpe-json/quuppa-codec.ts'
import { sewioRtlsJson } from './sewio-rtls-json/sewio-codec.ts'
import { shellyBluMqtt } from './shelly-blu-mqtt/shelly-blu-codec.ts'
import { trek1000Range } from './trek1000-range/trek-codec.ts'

/** Every protocol that can be configured. To add one: a folder with its codec, one line here, a page in docs/protocols. */
export const CODECS: readonly Codec[] = [
  makerfabsAtRange,
  decawavePdoaJson,
  qorvoQm33Cli,
  trek1000Range,
  dwm1001UartTlv,
  dwm1001PansMqtt,
  dwm1001UartShell,
  nmea0183,
  helmet,
  bleAdvertisement,
  gatt,
  minewGatewayJson,
  nooploopNlink,
  abeewayAt2,
  abeewayAt3,
  firaUci,
  chirpstackV4Mqtt,
  ciholasCdp,
  shellyBluMqtt,
  openmqttgatewayBle,
  quuppaQpeJson,
  kontaktioTelemetry,
  aprbrotherGwV4,
  aprbrotherGwV4Device,
  sewioRtlsJson,
  omloxHubV2,
  pozyxMqtt
]

export function findCodec(protocol: string): Codec | undefined {
  return CODECS.find((codec) => codec.protocol === protocol)
}
