import type { LogLimits } from './log-messages.ts'

const MIB = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

export const DEFAULT_LOG_LIMITS: LogLimits = {
  maxBytes: 16 * 1024 * MIB,
  telemetryMaxAgeMs: 7 * DAY_MS,
  alarmMaxAgeMs: 365 * DAY_MS,
  reserveBytes: 16 * MIB
}
