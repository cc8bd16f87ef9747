/**
 * A load of its own process: serves PANS listener lines of many tags over TCP, as a serial device server does, at an
 * open-loop rate. It never slows down for the reader: what is due is written, and what the socket cannot take is counted.
 *
 * Arguments: rate per second, seconds, tags. Prints `port N` when it listens and one JSON line when it has ended; the load
 * begins when somebody connects and a line arrives on stdin.
 */
import { createServer, type Socket } from 'node:net'

const [rate = 20_000, seconds = 60, tagCount = 1_000] = process.argv.slice(2).map(Number)
const TICK_MS = 5
const SITE_M = 40

interface Walker {
  readonly id: string
  x: number
  y: number
  headingRad: number
}

let seed = 42
/** Small and seeded (mulberry32): every run walks the same ways. */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

const walkers: Walker[] = Array.from({ length: tagCount }, (_, index) => ({
  id: (0x1000 + index).toString(16).toUpperCase(),
  x: random() * SITE_M,
  y: random() * SITE_M,
  headingRad: random() * 2 * Math.PI
}))

/** A step of a walker at about 1.2 m/s with the ranging noise of such tags. */
function line(index: number, stepM: number): string {
  const walker = walkers[index % tagCount]
  if (walker === undefined) return ''
  walker.headingRad += (random() - 0.5) * 0.4
  walker.x = Math.min(SITE_M, Math.max(0, walker.x + Math.cos(walker.headingRad) * stepM))
  walker.y = Math.min(SITE_M, Math.max(0, walker.y + Math.sin(walker.headingRad) * stepM))
  const noise = (): number => (random() + random() + random() - 1.5) * 0.15
  const x = (walker.x + noise()).toFixed(2)
  const y = (walker.y + noise()).toFixed(2)
  const z = (1.2 + noise()).toFixed(2)
  return `POS,${index % tagCount},${walker.id},${x},${y},${z},${60 + Math.floor(random() * 40)},x0A\r\n`
}

function load(socket: Socket): void {
  const startMs = performance.now()
  const stepM = (1.2 * tagCount) / rate
  let sent = 0
  let longestTickMs = 0
  let lastMs = startMs
  let backpressured = 0
  const timer = setInterval(() => {
    const nowMs = performance.now()
    longestTickMs = Math.max(longestTickMs, nowMs - lastMs)
    lastMs = nowMs
    const due = Math.min(rate * seconds, Math.floor(((nowMs - startMs) / 1000) * rate))
    let text = ''
    for (; sent < due; sent += 1) text += line(sent, stepM)
    if (text !== '' && !socket.write(text, 'latin1')) backpressured += 1
    if (sent < rate * seconds) return
    clearInterval(timer)
    process.stdout.write(`${JSON.stringify({ sent, seconds: (performance.now() - startMs) / 1000, longestTickMs, backpressured })}\n`)
  }, TICK_MS)
}

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  process.stdout.write('connected\n')
  process.stdin.once('data', () => load(socket))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`port ${typeof address === 'object' ? address?.port : address}\n`)
})
process.stdin.on('end', () => process.exit(0))
