import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { encodeFields } from '../../firmware-protocols/helmet/encode-helmet.ts'
import { FIELD } from '../../firmware-protocols/helmet/helmet-fields.ts'
import { sealMessage, TYPE_REPORT } from '../../firmware-protocols/helmet/helmet-message.ts'
import { freeUdpPort } from '../../test-support/free-udp-port.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { type GatewayProcess, startGateway } from '../../test-support/stand/gateway-process.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import type { Snapshot } from '../state/snapshot.ts'

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index)
const TAG = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A sealed report; `sos`: how often it was pressed. */
function report(sequence: number, sos: number, isOn: boolean): Uint8Array {
  const fields = encodeFields([{ type: FIELD.alarms, values: [1, 0, isOn ? 1 : 0, sos] }])
  return sealMessage({ type: TYPE_REPORT, tag: TAG, boot: 3, sequence, fields, key: KEY })
}

it('takes no recorded SOS for a new one after the gateway was killed', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-replay-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freeUdpPort()
  const socket = createSocket('udp4')
  ends.push(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const helmets = {
    driver: 'udp',
    protocol: 'helmet',
    address: '127.0.0.1',
    port,
    helmet: { keys: [{ tag: hex(TAG), key: '$' + '{HELMET_KEY}' }] }
  }
  const start = async (): Promise<GatewayProcess> => {
    const [webPort = 0] = await freePorts(1)
    const gateway = await startGateway({
      folder,
      config: { site: 'test', sources: { helmets } },
      webPort,
      environment: { HELMET_KEY: hex(KEY) }
    })
    ends.push(() => gateway.kill())
    await waitFor('the source is up', async () => (await gateway.state()).sources[0]?.health === 'up')
    return gateway
  }
  const sendUntil = (what: string, gateway: GatewayProcess, message: Uint8Array, isDone: (state: Snapshot) => boolean): Promise<unknown> =>
    waitFor(what, async () => {
      socket.send(message, port, '127.0.0.1')
      return isDone(await gateway.state())
    })
  const counted = ({ sources }: Snapshot) => sources[0]?.counters ?? { readings: 0, ignored: 0, errors: 0 }

  const before = await start()
  const pressed = report(6, 1, true)
  await sendUntil('the first report', before, report(5, 0, false), (state) => counted(state).readings === 1)
  await sendUntil('the SOS', before, pressed, (state) => counted(state).readings === 2)
  await sendUntil('the end of it', before, report(40, 1, false), (state) => counted(state).readings === 3)
  await waitFor('all of it to be durable', async () => {
    const { alarm, telemetry } = (await before.state()).lanes
    return [alarm, telemetry].every(({ durableSequence, lastSequence, waiting }) => waiting === 0 && durableSequence === lastSequence)
  })
  await before.kill()

  const after = await start()
  const alarmsBefore = (await after.state()).lanes.alarm.lastSequence
  await sendUntil('the replay is refused', after, pressed, (state) => counted(state).errors > 0)
  expect(counted(await after.state())).toMatchObject({ readings: 0, ignored: 0 })
  await sendUntil('the tag itself is heard', after, report(41, 2, true), (state) => counted(state).readings === 1)
  await waitFor('its SOS', async () => (await after.state()).lanes.alarm.lastSequence > alarmsBefore)
})
