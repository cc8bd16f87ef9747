import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { createLineDecoder } from '../../firmware-protocols/decode-line.ts'
import { mosquittoProgram, startMosquitto } from '../../test-support/mosquitto.ts'
import { runCliProcess } from '../../test-support/run-cli.ts'
import { waitFor } from '../../test-support/wait-for.ts'

describe('simulate', () => {
  it('prints every reading as a JSON line', async () => {
    const { code, stdout, stderr } = await runCliProcess(['simulate', '--seconds', '1.2', '--workers', '4', '--rate', '10'])
    expect([code, stderr]).toEqual([0, ''])
    const readings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { tag?: string; position?: object; receivedAt: number })
    const fixes = readings.filter((reading) => reading.position !== undefined)
    expect(new Set(fixes.map((reading) => reading.tag)).size).toBe(4)
    expect(readings.every((reading) => Number.isInteger(reading.receivedAt))).toBe(true)
  })

  it('says when the broker cannot be reached', async () => {
    const { code, stderr } = await runCliProcess(['simulate', '--mqtt', 'mqtt://127.0.0.1:1'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('the broker at mqtt://127.0.0.1:1 cannot be reached')])
  })

  it.skipIf(mosquittoProgram() === undefined)('publishes what our own codec reads back', async () => {
    const broker = await startMosquitto()
    try {
      const client = await connectAsync(broker.url)
      const heard: { topic: string; frame: string }[] = []
      client.on('message', (topic, payload) => heard.push({ topic, frame: payload.toString() }))
      await client.subscribeAsync('dwm/#', { qos: 1 })
      const { code, stderr } = await runCliProcess(['simulate', '--mqtt', broker.url, '--seconds', '1.5', '--workers', '3', '--rate', '5'])
      expect(code).toBe(0)
      const [, published, confirmed] = /(\d+) messages published, (\d+) confirmed/.exec(stderr) ?? []
      expect(confirmed).toBe(published)
      await waitFor('all messages', () => heard.length === Number(published))
      await client.endAsync()
      const decode = createLineDecoder('dwm1001-pans-mqtt')
      const results = heard.map((message) => decode?.(JSON.stringify(message)))
      expect(results.filter((result) => result === undefined || !('readings' in result))).toEqual([])
      const readings = results.flatMap((result) => (result !== undefined && 'readings' in result ? result.readings : []))
      expect(new Set(readings.filter((reading) => reading.position).map((reading) => reading.tag)).size).toBe(3)
      expect(readings.some((reading) => reading.batteryPct !== undefined)).toBe(true)
    } finally {
      await broker.stop()
    }
  })

  it.skipIf(mosquittoProgram() === undefined)(
    'walks for the whole time that was asked for, however slow the broker is to answer',
    async () => {
      const broker = await startMosquitto()
      const target = new URL(broker.url)
      const sockets: Socket[] = []
      // Answers a connection later than the simulation is to take.
      const slow = createServer((socket) => {
        const onward = connect(Number(target.port), target.hostname)
        sockets.push(socket, onward)
        for (const end of [socket, onward]) end.on('error', () => undefined)
        onward.pipe(socket)
        setTimeout(() => socket.pipe(onward), 1_500)
      }).listen(0, '127.0.0.1')
      await once(slow, 'listening')
      try {
        const url = `mqtt://127.0.0.1:${(slow.address() as AddressInfo).port}`
        const { code, stderr } = await runCliProcess(['simulate', '--mqtt', url, '--seconds', '1', '--workers', '3', '--rate', '5'])
        expect(code).toBe(0)
        const [, published] = /(\d+) messages published/.exec(stderr) ?? []
        // Fifteen positions, and the announcements of what is there; nothing of that was due before the broker answered.
        expect(Number(published)).toBeGreaterThan(12)
      } finally {
        for (const socket of sockets) socket.destroy()
        slow.close()
        await broker.stop()
      }
    }
  )
})
