import type { Codec } from '../../firmware-protocols/codec.ts'

/** What is in use besides, the more frequent first. */
const LADDER = [115_200, 9600, 921_600, 460_800, 57_600, 38_400, 230_400, 19_200, 4800, 1_000_000, 2_000_000, 3_000_000, 1_500_000, 2400]

/**
 * Speeds to try: first each protocol's most usual one, in the order of how many protocols share it, then their second and so on, then
 * the rest of the ladder.
 */
export function baudRatesOf(codecs: readonly Codec[]): readonly number[] {
  const habits = codecs.flatMap(({ serialHabits }) => (serialHabits === undefined ? [] : [serialHabits.baudRates]))
  const order: number[] = []
  for (let place = 0; place < Math.max(0, ...habits.map(({ length }) => length)); place++) {
    const votes = new Map<number, number>()
    for (const rates of habits) {
      const rate = rates[place]
      if (rate !== undefined) votes.set(rate, (votes.get(rate) ?? 0) + 1)
    }
    order.push(...[...votes].sort(([, a], [, b]) => b - a).map(([rate]) => rate))
  }
  return [...new Set([...order, ...LADDER])]
}
