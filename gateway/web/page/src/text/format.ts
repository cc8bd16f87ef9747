const LOCALE = 'en'
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 })
const clockTime = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dayAndTime = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export const formatCount = (count: number): string => whole.format(count)
export const formatRate = (perSecond: number): string => (perSecond >= 100 ? whole : oneDecimal).format(perSecond)
export const formatMetres = (metres: number): string => oneDecimal.format(metres)
export const formatMs = (ms: number): string => oneDecimal.format(ms)
export const formatTime = (epochMs: number): string => clockTime.format(epochMs)

/** With the day when it is not today's (by the gateway's clock). */
export function formatTimeOrDay(epochMs: number, nowMs: number): string {
  return Math.abs(nowMs - epochMs) < 12 * 3_600_000 ? formatTime(epochMs) : dayAndTime.format(epochMs)
}

/** `8 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${(value >= 100 || unit === 0 ? whole : oneDecimal).format(value)} ${units[unit]}`
}
