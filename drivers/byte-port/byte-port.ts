import type { DriverError } from '../driver.ts'

/** What an open port tells; after `lost` nothing follows, and neither after `close` was called. */
export interface PortListener {
  /** The bytes are valid during the call only. */
  bytes(chunk: Uint8Array): void
  lost(error: DriverError): void
}

/** An open port. Single use: after `close`, or when it was lost, a new one is opened. */
export interface BytePort {
  /** The device file or address in fact opened. */
  readonly opened: string
  /** Resolves when the bytes are handed on; rejects when the port is lost. */
  write(bytes: Uint8Array): Promise<void>
  /** Goes on at another speed, and forgets what came in before. Absent: the link has no speed. Rejects when the port does not take it. */
  changeBaudRate?(baudRate: number): Promise<void>
  /** Whether the device is still the one that was opened. */
  present(): Promise<boolean>
  /** Any number of times; never rejects. */
  close(): Promise<void>
}
