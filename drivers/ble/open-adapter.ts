import { type Clock, DriverError } from '../driver.ts'
import { adapterNumbers, leaseAdapter } from './adapter-lease.ts'
import { readAddress } from './hci-commands.ts'
import { HciLink, type LinkEvents } from './hci-link.ts'
import type { NobleParts } from './noble-parts.ts'
import { type BleSettings, normalAddress } from './settings.ts'

/** The adapter that the settings name, bound and listened to; asked for anew at each opening, since numbers change. */
export async function openAdapter(
  noble: NobleParts,
  settings: Pick<BleSettings, 'adapter' | 'channel'>,
  clock: Clock,
  events: LinkEvents,
  signal: AbortSignal
): Promise<HciLink> {
  const open = (index: number): HciLink => {
    const link = new HciLink(leaseAdapter(noble, clock, index, settings.channel), clock, events)
    link.hci.setSocketFilter()
    return link
  }
  const number = /^hci(\d+)$/i.exec(settings.adapter)?.[1]
  if (number !== undefined) {
    const link = open(Number(number))
    if (link.isUp()) return link
    link.close()
    throw down(link.name)
  }
  const wanted = normalAddress(settings.adapter)
  for (const index of adapterNumbers(noble, clock)) {
    const link = await hasAddress(open, index, wanted, signal)
    if (link !== undefined) return link
  }
  throw new DriverError(
    'BLE_ADAPTER_NOT_FOUND',
    `no adapter that is up has the address ${settings.adapter}: unplugged, or down (see: hciconfig -a, or btmgmt info)`,
    { retriable: true }
  )
}

/** The opened adapter if it is the wanted one. Those that cannot be asked are not it. */
async function hasAddress(
  open: (index: number) => HciLink,
  index: number,
  wanted: string,
  signal: AbortSignal
): Promise<HciLink | undefined> {
  let link: HciLink | undefined
  const close = (): void => link?.close()
  signal.addEventListener('abort', close)
  try {
    link = open(index)
    if (!signal.aborted && (await readAddress(link)) === wanted) return link
    link.close()
  } catch (error) {
    link?.close()
    if (error instanceof DriverError && error.code === 'BLE_PERMISSION') throw error
  } finally {
    signal.removeEventListener('abort', close)
  }
  return undefined
}

function down(name: string): DriverError {
  return new DriverError(
    'BLE_ADAPTER_DOWN',
    `${name} is there and switched off: rfkill unblock bluetooth, then hciconfig ${name} up (or start bluetooth.service)`,
    { retriable: true }
  )
}
