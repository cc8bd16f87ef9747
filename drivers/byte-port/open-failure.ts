import { DriverError } from '../driver.ts'
import { messageOf } from '../driver-errors.ts'

/**
 * The native binding gives the text of the system's error and no code (serialport_unix.cpp), so this one place reads text.
 * All but a device that is no serial port is retriable: udev creates a port before it sets its permissions, and whoever keeps
 * a port busy may let go.
 */
const CAUSES: readonly { readonly pattern: RegExp; readonly code: string; readonly retriable: boolean; say(path: string): string }[] = [
  {
    pattern: /No such (file|device)|File not found/i,
    code: 'PORT_NOT_FOUND',
    retriable: true,
    say: (path) => `${path} is not there: unplugged, or named otherwise (see: ls -l /dev/serial/by-id)`
  },
  {
    pattern: /Permission denied|Operation not permitted|Access denied/i,
    code: 'PORT_PERMISSION',
    retriable: true,
    say: (path) =>
      `no permission to open ${path}: add the user of the gateway to the group that owns it (often: usermod -aG dialout <user>), then restart the gateway`
  },
  {
    pattern: /Cannot lock port|Resource busy|Device or resource busy/i,
    code: 'PORT_BUSY',
    retriable: true,
    say: (path) => `${path} is used by another program (see: fuser ${path}); ModemManager and consoles are frequent ones`
  },
  {
    pattern: /Inappropriate ioctl|Not a (typewriter|tty)/i,
    code: 'PORT_NOT_SERIAL',
    retriable: false,
    say: (path) => `${path} is not a serial port`
  },
  {
    pattern: /baud ?rate/i,
    code: 'PORT_SETTINGS',
    retriable: false,
    say: (path) => `${path} does not take this baud rate`
  }
]

/** What went wrong when a device file was opened, with the remedy. */
export function openFailure(path: string, error: unknown): DriverError {
  const message = messageOf(error)
  const cause = CAUSES.find(({ pattern }) => pattern.test(message))
  if (cause === undefined)
    return new DriverError('LINK_OPEN_FAILED', `${path} cannot be opened: ${message}`, { retriable: true, cause: error })
  return new DriverError(cause.code, cause.say(path), { retriable: cause.retriable, cause: error })
}
