import type { Clock } from '../driver.ts'
import { pause } from '../run-end.ts'
import { bytesOfEscaped } from './escapes.ts'
import type { OnOpenSettings } from './settings.ts'

export interface OnOpenPort {
  write(bytes: Uint8Array): Promise<void>
  /** Whether anything has come in since the port was opened. */
  heard(): boolean
}

/**
 * Starts the output of a device, unless it is running: shells survive the re-opening of a port, and the line commands of some
 * (Qorvo PANS: `les`, `lec`, `lep`) turn the output off when they are sent again. So it listens first, and whoever is heard
 * is left alone. Resolves to whether anything was sent.
 */
export async function startOutput(settings: OnOpenSettings, port: OnOpenPort, clock: Clock, signal: AbortSignal): Promise<boolean> {
  await pause(clock, settings.ifQuietForS * 1000, signal)
  if (signal.aborted || port.heard()) return false
  for (const [index, text] of settings.send.entries()) {
    if (index > 0) await pause(clock, settings.stepGapMs, signal)
    for (const part of typed(bytesOfEscaped(text) ?? new Uint8Array(), settings.characterGapMs)) {
      if (signal.aborted) return false
      await port.write(part)
      if (settings.characterGapMs > 0) await pause(clock, settings.characterGapMs, signal)
    }
  }
  return true
}

/** As a careful hand types it: character by character, but a repeated one (a double Enter) in one go. */
function typed(bytes: Uint8Array, characterGapMs: number): Uint8Array[] {
  if (characterGapMs === 0) return [bytes]
  const parts: Uint8Array[] = []
  for (let from = 0, to = 1; from < bytes.length; from = to, to++) {
    while (to < bytes.length && bytes[to] === bytes[from]) to++
    parts.push(bytes.subarray(from, to))
  }
  return parts
}
