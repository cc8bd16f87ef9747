import { bleDriver } from './ble/ble-driver.ts'
import type { Driver } from './driver.ts'
import { createHttpPollDriver } from './http-poll/driver.ts'
import { httpPushDriver } from './http-push/driver.ts'
import { modbusDriver } from './modbus/driver.ts'
import { createMqttDriver } from './mqtt/driver.ts'
import { createMqttBrokerDriver } from './mqtt-broker/driver.ts'
import { recordingDriver } from './recording/driver.ts'
import { serialDriver } from './serial/serial-driver.ts'
import { simulatorDriver } from './simulator/simulator-driver.ts'
import { createUdpDriver } from './udp/driver.ts'
import { websocketDriver } from './websocket/driver.ts'

/** Every built-in driver. A new one is added here and nowhere else. */
export const DRIVERS: readonly Driver<unknown>[] = [
  bleDriver,
  httpPushDriver,
  createHttpPollDriver(),
  modbusDriver,
  createMqttDriver(),
  createMqttBrokerDriver(),
  recordingDriver,
  serialDriver,
  simulatorDriver,
  createUdpDriver(),
  websocketDriver
]
