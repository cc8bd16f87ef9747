/** Capped exponential back-off with jitter, as a value. */
export interface BackoffPolicy {
  readonly firstMs: number
  readonly factor: number
  readonly capMs: number
  /** Share of each delay that is drawn at random: 0.5 gives 50 to 100 % of it. Keeps sources that failed together from retrying together. */
  readonly jitter: number
}

/**
 * The delays before each further attempt, without end. Every delay lies in `[(1 - jitter) · d, d]` with
 * `d = min(capMs, firstMs · factor^n)`. `random` gives numbers in [0, 1).
 */
export function* backoffDelays(policy: BackoffPolicy, random: () => number): Generator<number, never, void> {
  let delayMs = Math.min(policy.capMs, policy.firstMs)
  for (;;) {
    yield Math.round(delayMs * (1 - policy.jitter * random()))
    delayMs = Math.min(policy.capMs, delayMs * policy.factor)
  }
}
