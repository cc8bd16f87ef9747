// The extension's own tests, with Node's own runner: `node --test`. The promises of drivers and codecs come from the public test kit.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { kit } from 'tagward'
import { codecContract, driverContract } from 'tagward/testing'
import { badgeCodec, gateDriver } from './acme-badge.js'

const vectors = JSON.parse(readFileSync(new URL('./acme-badge.vectors.json', import.meta.url), 'utf8'))

for (const { title, check } of codecContract(badgeCodec(kit), vectors)) test(`codec: ${title}`, check)

/** A gate on this machine, in place of the real one. */
async function createWorld() {
  const clients = new Set()
  const gate = createServer((socket) => {
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise((resolve) => gate.listen(0, '127.0.0.1', resolve))
  const { port } = gate.address()
  const toAll = (text) => {
    for (const socket of clients) socket.write(text)
  }
  return {
    codec: badgeCodec(kit),
    settings: { host: '127.0.0.1', port },
    unopenable: { settings: { host: '127.0.0.1', port: 1 }, code: 'LINK_OPEN_FAILED', retriable: true },
    produce: () => toAll(`${vectors[0].lines[0]}\n`),
    breakable: {
      breakLink: () => {
        for (const socket of clients) socket.destroy()
      },
      code: 'LINK_LOST',
      retriable: true
    },
    tearDown: async () => {
      for (const socket of clients) socket.destroy()
      await new Promise((resolve) => gate.close(resolve))
    }
  }
}

for (const { title, check } of driverContract(gateDriver(kit), createWorld, ['hanging'])) test(`driver: ${title}`, check)
