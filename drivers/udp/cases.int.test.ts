import { createSocket } from 'node:dgram'
import { describeDriverCases } from '../../test-support/driver-cases.ts'
import { freeUdpPort } from '../../test-support/free-udp-port.ts'
import { createUdpDriver } from './driver.ts'

/** A step is a datagram: `text`, and `from`, the address that sends it (127.0.0.1). */
describeDriverCases('udp', createUdpDriver(), async () => {
  const port = await freeUdpPort()
  return {
    settings: { port },
    async play({ from = '127.0.0.1', text = '' }) {
      const sender = createSocket('udp4')
      await new Promise<void>((resolve) => sender.bind(0, String(from), resolve))
      await new Promise((resolve) => sender.send(String(text), port, '127.0.0.1', resolve))
      await new Promise<void>((resolve) => sender.close(() => resolve()))
    },
    tearDown: () => Promise.resolve()
  }
})
