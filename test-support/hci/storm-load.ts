/**
 * Loaded into the gateway's process before anything else (`--import`): an adapter of ours, and a load that begins when it is told to scan
 * for the first time. `TAGWARD_STORM` says how much. One line on stdout tells when it is over.
 */
import { isMainThread } from 'node:worker_threads'
import { ruuviAdvertisement } from './ble-world.ts'
import { installVirtualRadio } from './install-virtual-radio.ts'
import type { StormOptions, StormSent } from './storm.ts'
import { ADV_IND, type VirtualController } from './virtual-controller.ts'

const TICK_MS = 5
/** A phone as most are: connectable, with an address of its own for every advertisement, and something of its maker's. */
const PHONE = Uint8Array.of(2, 1, 0x1a, 6, 0xff, 0x4c, 0x00, 0x10, 0x01, 0x00)

function load(adapter: VirtualController, { ratePerSecond, seconds, tags, phonesPerSecond }: StormOptions): void {
  const startMs = performance.now()
  const sent: StormSent = { tags: 0, phones: 0, seconds: 0, longestTickMs: 0 }
  let lastMs = startMs
  const timer = setInterval(() => {
    const nowMs = performance.now()
    sent.longestTickMs = Math.max(sent.longestTickMs, nowMs - lastMs)
    lastMs = nowMs
    // Open-loop: what is due is on the air, whether the gateway keeps up or not.
    const elapsedS = Math.min(seconds, (nowMs - startMs) / 1000)
    for (const due = Math.floor(elapsedS * ratePerSecond); sent.tags < due; sent.tags++) {
      const address = (0xc0_0000_000000 + (sent.tags % tags)).toString(16)
      if (!adapter.advertise(ruuviAdvertisement(address, Math.floor(sent.tags / tags)))) throw new Error('the adapter is not scanning')
    }
    for (const due = Math.floor(elapsedS * phonesPerSecond); sent.phones < due; sent.phones++)
      adapter.advertise({ type: ADV_IND, address: (0x50_0000_000000 + sent.phones).toString(16), data: PHONE })
    if (elapsedS < seconds) return
    clearInterval(timer)
    sent.seconds = (performance.now() - startMs) / 1000
    process.stdout.write(`storm ${JSON.stringify(sent)}\n`)
  }, TICK_MS)
  timer.unref()
}

if (isMainThread) {
  const options = JSON.parse(process.env['TAGWARD_STORM'] ?? '{}') as StormOptions
  const adapter = installVirtualRadio().plug(0)
  adapter.onScan = () => {
    adapter.onScan = undefined
    load(adapter, options)
  }
}
