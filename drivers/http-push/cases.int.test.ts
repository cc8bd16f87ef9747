import { describeDriverCases } from '../../test-support/driver-cases.ts'
import { freePorts } from '../../test-support/kafka/free-ports.ts'
import { httpPushDriver } from './driver.ts'

/** A step is a push: `path`, `headers`, `body` (`repeat` times), and the `answer` with its status and body. */
describeDriverCases('http-push', httpPushDriver, async () => {
  const [port = 0] = await freePorts(1)
  return {
    settings: { port, address: '127.0.0.1' },
    async play({ path = '/', headers = {}, body = '', repeat = 1 }) {
      const answer = await fetch(`http://127.0.0.1:${port}${String(path)}`, {
        method: 'POST',
        headers: { ...Object(headers) },
        body: String(body).repeat(Number(repeat))
      })
      return { status: answer.status, body: await answer.json() }
    },
    tearDown: () => Promise.resolve()
  }
})
