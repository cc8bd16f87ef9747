/**
 * Radius that holds 68 % of a two-dimensional normal error with these covariances, in metres (m² in). The root of the trace holds 68 %
 * of a long thin ellipse but 63 % of a circle; the correction between is a fit to the exact integral, good to 1 %.
 */
export function radius68(varianceX: number, covariance: number, varianceY: number): number {
  const trace = varianceX + varianceY
  if (!(trace > 0)) return 0
  const spread = Math.hypot(varianceX - varianceY, 2 * covariance)
  // 1 for a circle, 0 for a line.
  const roundness = Math.max(0, (trace - spread) / (trace + spread))
  return Math.sqrt(trace) * (1 + 0.0714 * roundness)
}
