import type { Driver } from './driver.ts'

/** Every built-in driver. A new one is added here and nowhere else. */
export const DRIVERS: readonly Driver<unknown>[] = []
