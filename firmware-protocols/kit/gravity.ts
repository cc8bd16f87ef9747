/** Standard acceleration of gravity, m/s² (3rd CGPM, 1901). */
export const STANDARD_GRAVITY_MPS2 = 9.80665

/** g to m/s², to 10 µm/s². */
export const mps2FromG = (g: number): number => Math.round(g * STANDARD_GRAVITY_MPS2 * 100_000) / 100_000 || 0

/** mg to m/s², to 10 µm/s². */
export const mps2FromMilliG = (milliG: number): number => Math.round(milliG * STANDARD_GRAVITY_MPS2 * 100) / 100_000 || 0
