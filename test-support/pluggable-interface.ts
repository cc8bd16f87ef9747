/**
 * A group on a network interface that is pulled out, set down, made anew and given another address. Run in a network namespace of its
 * own (`unshare -rn node …`): prints what was heard after each step as one line of JSON. Arguments: group, and interface or nothing.
 */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import type { Delivery } from '../drivers/driver.ts'
import { createSupervisor } from '../drivers/supervisor/supervisor.ts'
import { createUdpDriver } from '../drivers/udp/driver.ts'
import { createMemoryLogger } from './memory-logger.ts'
import { systemClock } from './system-clock.ts'
import { createToyCodec } from './toy-codec.ts'
import { waitFor } from './wait-for.ts'

const PORT = 7667
const [group = '', interfaceName] = process.argv.slice(2)
const type = isIPv4(group) ? 'udp4' : 'udp6'

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** One end of a virtual cable, with an address that is usable at once. */
function plug(host: number): void {
  ip('link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1')
  ip('link', 'set', 'lan1', 'up')
  address('add', host)
  ip('link', 'set', 'lan0', 'multicast', 'on', 'up')
}
function address(action: 'add' | 'del', host: number): void {
  ip('addr', action, `10.9.0.${host}/24`, 'dev', 'lan0')
  ip('addr', action, `fd00:9::${host}/64`, 'dev', 'lan0', ...(action === 'add' ? ['nodad'] : []))
}

async function send(host: number, number: number): Promise<void> {
  const socket = createSocket(type)
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, type === 'udp4' ? `10.9.0.${host}` : `fd00:9::${host}`, resolve)
  })
  socket.setMulticastInterface(type === 'udp4' ? `10.9.0.${host}` : '::%lan0')
  await new Promise((resolve) => socket.send(`4d18 ${number} 0\n`, PORT, group, resolve))
  socket.close()
}

const deliveries: Delivery[] = []
const healths: string[] = []
const supervisor = createSupervisor({
  drivers: [createUdpDriver()],
  findCodec: () => createToyCodec({ transport: 'udp' }),
  clock: systemClock,
  log: createMemoryLogger(),
  random: Math.random,
  policy: { startLimitMs: 5_000, stopLimitMs: 5_000, stableMs: 60_000, backoff: { firstMs: 50, factor: 2, capMs: 200, jitter: 0.5 } },
  onDelivery: (_sourceId, delivery) => deliveries.push(delivery),
  onHealth: (_sourceId, { to }) => healths.push(to)
})

let number = 0
/** Sends until it is heard: a membership is looked after once a second. */
async function hears(step: string, host: number): Promise<void> {
  const before = deliveries.length
  await waitFor(
    `${step}: it is heard`,
    async () => {
      await send(host, ++number).catch(() => undefined)
      return deliveries.length > before
    },
    10_000,
    50
  )
  process.stdout.write(`${JSON.stringify({ step, healths })}\n`)
}

ip('link', 'set', 'lo', 'up')
plug(1)
const multicast = interfaceName === undefined ? { group } : { group, interface: interfaceName }
supervisor.apply([{ id: 'lan', driver: 'udp', protocol: 'toy', enabled: true, settings: { port: PORT, multicast } }])
await waitFor('the source is up', () => healths.at(-1) === 'up')
await hears('plugged in', 1)
ip('link', 'set', 'lan0', 'down')
ip('link', 'set', 'lan0', 'up')
if (type === 'udp6') ip('addr', 'replace', 'fd00:9::1/64', 'dev', 'lan0', 'nodad')
await hears('down and up', 1)
ip('link', 'del', 'lan0')
plug(1)
await hears('made anew within a look', 1)
address('del', 1)
address('add', 2)
await hears('another address', 2)
ip('link', 'del', 'lan0')
await waitFor('the loss is noticed', () => healths.at(-1) === 'down')
plug(3)
await hears('plugged in again', 3)
await supervisor.close()
