// A complete extension: the badges of a made-up maker, "ACME", and the gate that asks them. One file, no packages: everything it needs is the
// argument of `tagward`. docs/extending.md goes through it step by step.
//
// A badge answers with one line of text, ended by LF:
//
//   @BADGE , id , x_cm , y_cm , battery_pct , buttons * checksum
//   @4D18,1250,-340,87,0*5A
//
//   id        4 hex digits
//   x_cm      whole number, centimetres; with y_cm empty: no position
//   buttons   0: none; 1: SOS held; 2: SOS held and hook open
//   checksum  XOR of all characters between @ and *, 2 hex digits
import { createConnection } from 'node:net'

const LONGEST_LINE = 64
const LINE = /^@([0-9A-Fa-f]{4}),(-?\d{1,6})?,(-?\d{1,6})?,(\d{1,3}),([0-2])\*([0-9A-Fa-f]{2})$/

/** @param {import('tagward').Kit} kit */
export const tagward = (kit) => ({ api: 1, codecs: [badgeCodec(kit)], drivers: [gateDriver(kit)] })

/** @param {import('tagward').Kit} kit */
export function badgeCodec({ defineCodec, failure, ignored, latin1Text, LineFramer, readings, z }) {
  return defineCodec({
    protocol: 'acme-badge',
    title: 'ACME badges, text lines',
    // `serial` is any stream of bytes; UDP carries the same lines as datagrams.
    transport: 'serial',
    alsoOver: ['udp'],
    encoding: 'text',
    // Two sites have badges with the same ids.
    idScope: 'system',
    settings: z.strictObject({
      lowBatteryPct: z
        .int()
        .min(1)
        .max(99)
        .default(15)
        .meta({ title: 'Low battery (%)', description: 'Below this a badge is told to have a low battery' })
    }),
    createFramer: () => new LineFramer({ maxLength: LONGEST_LINE }),
    createDecoder: ({ lowBatteryPct } = { lowBatteryPct: 15 }) => ({
      decode(frame) {
        const line = latin1Text(frame).trim()
        if (line === '@PING') return ignored('the gate is idle')
        const match = LINE.exec(line)
        if (match === null) return failure('FRAME_FORMAT', 'not a line of a badge')
        const [, id = '', x, y, battery, buttons, checksum = ''] = match
        if (xorOf(line.slice(1, line.indexOf('*'))) !== Number.parseInt(checksum, 16))
          return failure('FRAME_CHECKSUM', 'the checksum does not fit')
        const batteryPct = Number(battery)
        if (batteryPct > 100) return failure('VALUE_RANGE', `a battery of ${batteryPct} %`)
        return readings({
          tag: id.toLowerCase(),
          // What a badge does not say is left out: it is never 0.
          ...(x === undefined || y === undefined ? {} : { position: { x: Number(x) / 100, y: Number(y) / 100 } }),
          batteryPct,
          signals: [
            { kind: 'sos', form: 'level', on: buttons !== '0' },
            { kind: 'tamper', slot: 'hook', form: 'level', on: buttons === '2' },
            { kind: 'low-battery', form: 'level', on: batteryPct < lowBatteryPct }
          ]
        })
      }
    }),
    createEncoder: () => ({
      encode(target, command) {
        if (!/^[0-9a-f]{4}$/.test(target) || command.kind !== 'vibrate') return undefined
        return { bytes: new TextEncoder().encode(`!${target.toUpperCase()},BUZZ\n`) }
      }
    })
  })
}

function xorOf(text) {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum ^= text.charCodeAt(i)
  return sum
}

/** @param {import('tagward').Kit} kit */
export function gateDriver({ CommandDesk, createRunEnd, createStreamFeed, defineDriver, DriverError, guarded, SECRET, z }) {
  return defineDriver({
    kind: 'acme-gate',
    title: 'ACME gate: asks its badges and sends their answers over TCP',
    // It can carry every protocol that travels on a stream of bytes, not only the one above.
    carries: ['serial'],
    settings: z.strictObject({
      host: z
        .string()
        .min(1)
        .meta({ title: 'Host', description: 'Name or address of the gate', examples: ['192.0.2.40'] }),
      port: z.int().min(1).max(65_535).default(4001).meta({ title: 'Port', description: 'TCP port of the gate' }),
      password: z
        .string()
        .min(1)
        .optional()
        .meta({ title: 'Password', description: 'What the gate asks for; without it: it asks for none', ...SECRET })
    }),
    exclusiveClaims: ({ host, port }) => [
      { setting: 'host', resource: `acme-gate ${host}:${port}`, why: 'a gate serves one client', remedy: 'remove one of the two sources' }
    ],
    createRun(settings, codec, context) {
      if (codec === undefined) throw new DriverError('PROTOCOL_MISSING', 'an acme-gate source needs a protocol', { retriable: false })
      const end = createRunEnd(context)
      const desk = new CommandDesk(codec, context)
      const feed = createStreamFeed(codec, { ...context, sink: desk.sink })
      let socket
      const lost = (why) => {
        if (!end.signal.aborted)
          context.failed(new DriverError('LINK_LOST', `the connection to the gate ended: ${why}`, { retriable: true }))
      }
      return {
        async start() {
          end.check()
          socket = await connect(settings, end.signal, DriverError)
          end.check()
          // Callbacks of a socket are nobody's call: what they throw must become the failure of this run.
          socket.on(
            'data',
            guarded(context, (bytes) => feed.bytes(bytes))
          )
          socket.on('error', (error) => lost(error.message))
          socket.on('close', () => lost('the gate closed it'))
          if (settings.password !== undefined) socket.write(`!LOGIN,${settings.password}\n`)
        },
        stop() {
          end.end()
          socket?.destroy()
          return Promise.resolve()
        },
        send: (target, command, options) =>
          desk.send(target, command, options, end.signal, async ({ bytes }, reached) => {
            if (socket === undefined) throw new Error('there is no connection')
            await new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())))
            reached('accepted')
          })
      }
    }
  })
}

function connect({ host, port }, signal, DriverError) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port })
    const giveUp = () => {
      socket.destroy()
      reject(new DriverError('RUN_ENDED', 'the run was stopped before it was up', { retriable: true }))
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('error', (error) =>
      reject(new DriverError('LINK_OPEN_FAILED', `the gate at ${host}:${port} does not answer: ${error.message}`, { retriable: true }))
    )
    socket.once('connect', () => {
      signal.removeEventListener('abort', giveUp)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
