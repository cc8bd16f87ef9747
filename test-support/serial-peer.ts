import { execFile } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { PtyPair } from './pty.ts'
import { receivedAt, type UartSender } from './uart.ts'

const run = promisify(execFile)

/** A device on the far end of a pair of terminals, which has one speed. */
export interface SerialPeer {
  /** Speeds that the near end was found set to, in their order. */
  readonly speedsSeen: readonly number[]
  stop(): Promise<void>
}

/** The speed that the gateway's end is set to: asked of the terminal itself. */
async function speedOf(port: string): Promise<number | undefined> {
  const { stdout } = await run('stty', ['-F', port, 'speed']).catch(() => ({ stdout: '' }))
  const speed = Number(stdout.trim())
  return speed > 0 ? speed : undefined
}

/** Sends the next burst every few milliseconds, as it arrives at a receiver set to the speed that the near end has at that moment. */
export async function startSerialPeer(pair: PtyPair, sender: UartSender, nextBurst: () => Uint8Array, everyMs = 50): Promise<SerialPeer> {
  const device: FileHandle = await open(pair.device, 'r+')
  const speedsSeen: number[] = []
  let over = false
  const send = async (): Promise<void> => {
    while (!over) {
      const speed = await speedOf(pair.port)
      if (speed !== undefined) {
        if (speedsSeen.at(-1) !== speed) speedsSeen.push(speed)
        await device.write(receivedAt(speed, nextBurst(), sender))
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  // A terminal that is taken away ends the peer, as pulling the cable does.
  const sending = send().catch(() => undefined)
  return {
    speedsSeen,
    async stop() {
      over = true
      await sending
      await device.close().catch(() => undefined)
    }
  }
}
