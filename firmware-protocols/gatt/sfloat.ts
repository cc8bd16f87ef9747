const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]

/**
 * IEEE 11073 SFLOAT, which Bluetooth also calls medfloat16: mantissa in the low 12 bits, exponent of ten in the high 4, both in
 * two's complement. Undefined for the five patterns that are no number: 07FF NaN, 0800 not at this resolution, 07FE and 0802
 * infinities, 0801 reserved.
 */
export function sfloat(raw: number): number | undefined {
  if (raw >= 0x07fe && raw <= 0x0802) return undefined
  const mantissa = (raw << 20) >> 20
  const exponent = (raw << 16) >> 28
  // Dividing by a whole power gives 98.3 for 983 and -1; multiplying by 0.1 does not.
  return exponent < 0 ? mantissa / (POWERS[-exponent] ?? 1) : mantissa * (POWERS[exponent] ?? 1)
}

/** The pattern of a value with as many decimals as an exponent says, for simulators and tests; undefined: NaN. */
export function encodeSfloat(value: number | undefined, exponent = -1): number {
  if (value === undefined) return 0x07ff
  const mantissa = Math.round(exponent < 0 ? value * (POWERS[-exponent] ?? 1) : value / (POWERS[exponent] ?? 1))
  return ((exponent & 0xf) << 12) | (mantissa & 0xfff)
}
