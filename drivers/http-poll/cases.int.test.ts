import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeDriverCases } from '../../test-support/driver-cases.ts'
import { createHttpPollDriver } from './driver.ts'

/** A step is the answer to one request: `status`, `headers`, `body`. After the last one there is nothing new. */
describeDriverCases('http-poll', createHttpPollDriver(), async (steps) => {
  const answers = [...steps]
  const server = createServer((_, response) => {
    const { status = 200, headers = {}, body = '' } = answers.shift() ?? { status: 204 }
    response.writeHead(Number(status), { ...Object(headers) }).end(String(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    settings: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` },
    play: () => Promise.resolve(undefined),
    async tearDown() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
})
