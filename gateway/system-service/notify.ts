import { execFile } from 'node:child_process'

/** Tells the service manager how it stands (sd_notify(3)); does nothing where no service manager asked. */
export interface ServiceNotifier {
  ready(status: string): void
  reloading(): void
  stopping(): void
  watchdog(): void
  /** How often the service manager wants a sign of life; undefined: it does not. */
  readonly watchdogMs: number | undefined
  close(): void
}

type Send = (message: string) => void

/** Node has no Unix datagram socket; the optional package has, and `systemd-notify` stands in for it where it was not built. */
async function openSocket(path: string): Promise<{ send: Send; close: () => void }> {
  try {
    const { createSocket } = await import('unix-dgram')
    const socket = createSocket('unix_dgram')
    socket.on('error', () => undefined)
    const address = path.startsWith('@') ? `\0${path.slice(1)}` : path
    return {
      send(message) {
        const bytes = Buffer.from(message)
        socket.send(bytes, 0, bytes.length, address, () => undefined)
      },
      close: () => socket.close()
    }
  } catch {
    return {
      send: (message) => {
        execFile('systemd-notify', message.split('\n'), () => undefined)
      },
      close: () => undefined
    }
  }
}

export async function openServiceNotifier(environment: NodeJS.ProcessEnv = process.env): Promise<ServiceNotifier> {
  const path = environment['NOTIFY_SOCKET']
  const watchdogUs = Number(environment['WATCHDOG_USEC'])
  const forUs = environment['WATCHDOG_PID'] === undefined || Number(environment['WATCHDOG_PID']) === process.pid
  const socket = path === undefined ? undefined : await openSocket(path)
  const send: Send = (message) => socket?.send(message)
  return {
    ready: (status) => send(`READY=1\nSTATUS=${status}`),
    reloading: () => send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    watchdogMs: socket !== undefined && forUs && watchdogUs > 0 ? watchdogUs / 1_000 : undefined,
    close: () => socket?.close()
  }
}
