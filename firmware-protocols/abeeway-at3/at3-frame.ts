import { hexAt } from '../abeeway-at2/at2-frame.ts'

/** All from `at` on. */
export const restHex = (view: DataView, at: number): string => hexAt(view, at, Math.max(0, view.byteLength - at))

/** ASCII up to the first NUL. */
export function asciiAt(view: DataView, at: number, length: number): string {
  let text = ''
  for (let i = at; i < Math.min(at + length, view.byteLength) && view.getUint8(i) !== 0; i++) text += String.fromCharCode(view.getUint8(i))
  return text
}
