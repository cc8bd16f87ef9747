/** The part of the optional package that is used here; it ships no types. */
declare module 'unix-dgram' {
  export interface DatagramSocket {
    on(event: 'error', listener: (error: Error) => void): void
    send(buffer: Buffer, offset: number, length: number, path: string, callback?: (error?: Error) => void): void
    close(): void
  }
  export function createSocket(type: 'unix_dgram'): DatagramSocket
}
