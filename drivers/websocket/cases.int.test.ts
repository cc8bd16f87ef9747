import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { describeDriverCases } from '../../test-support/driver-cases.ts'
import { waitFor } from '../../test-support/wait-for.ts'
import { websocketDriver } from './driver.ts'

/** A step is what the server sends (`text`), what it must have heard by then (`heard`), or how it answers the next text (`reply`). */
describeDriverCases('websocket', websocketDriver, async (steps) => {
  const replies = steps.flatMap(({ reply }) => (reply === undefined ? [] : [String(reply)]))
  const heard: string[] = []
  const clients: WebSocket[] = []
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  server.on('connection', (client) => {
    clients.push(client)
    client.on('message', (data) => {
      heard.push(data.toString())
      const reply = replies.shift()
      if (reply !== undefined) client.send(reply)
    })
  })
  return {
    settings: { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` },
    async play({ heard: wanted, text }) {
      if (wanted !== undefined)
        await waitFor('the server has heard it', () => {
          expect(heard).toEqual(wanted)
          return true
        })
      if (text === undefined) return
      await waitFor('the source is connected', () => clients.length > 0)
      clients.at(-1)?.send(String(text))
    },
    async tearDown() {
      for (const client of clients) client.terminate()
      await new Promise((resolve) => server.close(resolve))
    }
  }
})
