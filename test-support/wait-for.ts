/**
 * Waits until `condition` holds, checking every few milliseconds; fails with `what` after `limitMs`. For tests of real
 * parts (processes, brokers, disks) that report nothing to wait on.
 */
export async function waitFor<T>(what: string, condition: () => T | Promise<T>, limitMs = 15_000, everyMs = 10): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs
  let lastError: unknown
  for (;;) {
    try {
      const result = await condition()
      if (result) return result as NonNullable<T>
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`, { cause: lastError })
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
