/**
 * Waits until `condition` holds, looking every few milliseconds; throws `what` after `limitMs`. A condition that throws does not hold.
 */
export async function waitUntil<T>(what: string, condition: () => T | Promise<T>, limitMs = 10_000): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + limitMs
  for (;;) {
    let cause: unknown
    try {
      const result = await condition()
      if (result) return result as NonNullable<T>
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadlineMs) throw new TypeError(`not within ${limitMs} ms: ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
