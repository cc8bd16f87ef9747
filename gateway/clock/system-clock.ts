import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { TimerHandle } from '../../drivers/driver.ts'
import type { ClockQuality } from '../events/define-event.ts'
import { type GatewayClock, STEP_MS } from './gateway-clock.ts'

/** A wall clock that shows a time before this was never set since the machine got power. */
const PROGRAM_WRITTEN_MS = Date.UTC(2026, 10, 1)
const LOOK_EVERY_MS = 1_000
const ASK_SERVICE_EVERY = 60

/** Linux's own id of this boot; elsewhere one of our own, good for this process. */
function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return randomUUID()
  }
}

/**
 * Whether any time service vouches for the clock. `timedatectl` reads the kernel's own flag, so it is true for every
 * service (timesyncd, chrony, ntpd); timesyncd's flag file answers where the command is missing.
 */
function askTimeService(answer: (synchronised: boolean) => void): void {
  execFile('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeout: 5_000 }, (error, stdout) => {
    answer(error === null ? stdout.trim() === 'yes' : existsSync('/run/systemd/timesync/synchronized'))
  })
}

/** The machine's clocks. CLOCK_MONOTONIC counts from boot, so stored monotonic times stay comparable over restarts. */
export function createSystemClock(): GatewayClock {
  const listeners = new Set<(stepMs: number) => void>()
  let synchronised = false
  let offsetMs = Date.now() - monotonicMs()
  let looks = 0

  function monotonicMs(): number {
    return Number(process.hrtime.bigint() / 1_000n) / 1_000
  }
  function ask(): void {
    askTimeService((answer) => {
      synchronised = answer
    })
  }
  function look(): void {
    const now = Date.now() - monotonicMs()
    const stepMs = now - offsetMs
    offsetMs = now
    looks += 1
    const stepped = Math.abs(stepMs) > STEP_MS
    if (stepped || looks % ASK_SERVICE_EVERY === 0) ask()
    if (stepped) for (const listener of listeners) listener(stepMs)
  }
  ask()
  const timer = setInterval(look, LOOK_EVERY_MS)
  timer.unref()

  return {
    bootId: readBootId(),
    wallMs: () => Date.now(),
    monotonicMs,
    quality(): ClockQuality {
      if (Date.now() < PROGRAM_WRITTEN_MS) return 'unset'
      return synchronised ? 'synchronised' : 'free-running'
    },
    setTimeout(callback: () => void, delayMs: number): TimerHandle {
      const handle = setTimeout(callback, delayMs)
      return { cancel: () => clearTimeout(handle) }
    },
    onStep(listener) {
      listeners.add(listener)
    },
    close() {
      clearInterval(timer)
      listeners.clear()
    }
  }
}
