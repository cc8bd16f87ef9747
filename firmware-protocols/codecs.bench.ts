import process from 'node:process'
import { encodeRuuviRawV2 } from './ble-advertisement/encode-ruuvi.ts'
import { RUUVI_COMPANY_ID } from './ble-advertisement/ruuvi-fields.ts'
import type { FrameContext } from './codec.ts'
import { encodePansLocation } from './dwm1001-pans-mqtt/encode-pans.ts'
import { encodeListenerPos } from './dwm1001-uart-shell/encode-shell.ts'
import { encodeAdStructures, manufacturerStructure } from './kit/ad-structures.ts'
import { utf8Bytes } from './kit/text.ts'
import { encodeRmc } from './nmea0183/encode-nmea.ts'
import { findCodec } from './registry.ts'

/** Frames a second of processor time (so that other work on the machine matters little) through framer, where there is one, and decoder: `node dist/firmware-protocols/codecs.bench.js`. */

const DIFFERENT_FRAMES = 1000
const MEASURED_FRAMES = 400_000

interface Load {
  readonly protocol: string
  readonly frame: (index: number) => { readonly bytes: Uint8Array; readonly context: FrameContext }
}

const position = (index: number) => ({ x: 1.31 + index / 100, y: 0.17, z: 0.39 })
const tag = (index: number): string => index.toString(16).padStart(4, '0')

const LOADS: readonly Load[] = [
  {
    protocol: 'dwm1001-uart-shell',
    frame: (index) => ({
      bytes: utf8Bytes(encodeListenerPos(index % 100, tag(index), { position: position(index), quality: 47 })),
      context: {}
    })
  },
  {
    protocol: 'dwm1001-pans-mqtt',
    frame: (index) => {
      const { topic, payload } = encodePansLocation({ id: tag(index), position: position(index), quality: 47, superframe: index })
      return { bytes: utf8Bytes(payload), context: { topic } }
    }
  },
  {
    protocol: 'nmea0183',
    frame: (index) => ({
      bytes: utf8Bytes(encodeRmc({ timeMs: 1e12 + index * 1000, geo: { latitudeDeg: 48.1, longitudeDeg: 11.5 } })),
      context: {}
    })
  },
  {
    protocol: 'ble-advertisement',
    frame: (index) => {
      const payload = encodeRuuviRawV2({
        tag: 'cbb8334c884f',
        temperatureDegC: 24.3,
        accelMps2: [0, 0, 9.8],
        sequence: index,
        movementCount: index % 200
      })
      return { bytes: encodeAdStructures([manufacturerStructure(RUUVI_COMPANY_ID, payload)]), context: { address: 'cbb8334c884f' } }
    }
  }
]

function framesPerSecond(load: Load): number {
  const codec = findCodec(load.protocol)
  if (!codec) throw new Error(`no codec ${load.protocol}`)
  const frames = Array.from({ length: DIFFERENT_FRAMES }, (_unused, index) => load.frame(index))
  const decoder = codec.createDecoder()
  const framer = codec.createFramer?.()
  let read = 0
  const run = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const frame = frames[index % DIFFERENT_FRAMES]
      if (!frame) continue
      const decode = (bytes: Uint8Array): void => {
        if (decoder.decode(bytes, frame.context).kind === 'readings') read++
      }
      if (framer) framer.push(frame.bytes, decode)
      else decode(frame.bytes)
    }
  }
  run(MEASURED_FRAMES / 4)
  read = 0
  const from = process.cpuUsage()
  run(MEASURED_FRAMES)
  const used = process.cpuUsage(from)
  const seconds = (used.user + used.system) / 1e6
  if (read !== MEASURED_FRAMES) throw new Error(`${load.protocol}: ${read} of ${MEASURED_FRAMES} frames were read`)
  return MEASURED_FRAMES / seconds
}

for (const load of LOADS)
  process.stdout.write(`${load.protocol.padEnd(22)} ${Math.round(framesPerSecond(load)).toLocaleString('en')} frames per CPU second\n`)
