import { DriverError } from './driver.ts'

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What a driver throws without declaring it is a defect of the driver; trying again is the safe guess. */
export function asDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error
  return new DriverError('DRIVER_EXCEPTION', `the driver threw: ${messageOf(error)}`, { retriable: true, cause: error })
}

/**
 * Wraps a callback that a driver hands to a socket, port or emitter, where an exception would end the whole program: it
 * becomes the failure of this run alone.
 */
export function guarded<Args extends unknown[]>(
  context: { failed(error: DriverError): void },
  callback: (...args: Args) => void
): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args)
    } catch (error) {
      context.failed(asDriverError(error))
    }
  }
}
