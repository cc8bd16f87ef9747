import type { Clock } from '../../drivers/driver.ts'

/** What a promise gives within a time; undefined: it has not settled by then, and may do so later. Rejects as it does. */
export async function answeredWithin<T>(
  clock: Pick<Clock, 'setTimeout'>,
  limitMs: number,
  work: Promise<T>
): Promise<{ readonly value: T } | undefined> {
  return await new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve(undefined), limitMs)
    work.then((value) => resolve({ value }), reject).finally(() => timer.cancel())
  })
}
