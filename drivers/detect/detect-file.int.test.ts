import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Codec } from '../../firmware-protocols/codec.ts'
import { toHex } from '../../firmware-protocols/kit/hex.ts'
import { CODECS, findCodec } from '../../firmware-protocols/registry.ts'
import { randomBytes, streamOf } from '../../test-support/codec-stream.ts'
import { loadSeeds } from '../../test-support/fuzz/load-seeds.ts'
import { SeededRandom } from '../../test-support/fuzz/seeded-random.ts'
import { createMemoryLogger } from '../../test-support/memory-logger.ts'
import { systemClock } from '../../test-support/system-clock.ts'
import { Recorder } from '../recording/recorder.ts'
import { detectFile } from './detect-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tagward-captures-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

const detect = (file: string) => detectFile({ file, codecs: CODECS, signal: new AbortController().signal })

function codecNamed(protocol: string): Codec {
  const codec = findCodec(protocol)
  if (codec === undefined) throw new Error(`no protocol ${protocol}`)
  return codec
}

/** A recording as the gateway makes it. */
async function recorded(source: string, driver: string, write: (recorder: Recorder) => void): Promise<string> {
  const directory = join(folder, source)
  const header = { source, driver, protocol: 'unknown' }
  const recorder = new Recorder({ directory, header, maxBytes: 1 << 20, clock: systemClock, log: createMemoryLogger() })
  write(recorder)
  await recorder.close()
  const [name = ''] = await readdir(directory)
  return join(directory, name)
}

describe.each(CODECS.filter(({ createFramer }) => createFramer !== undefined))('$protocol', (codec) => {
  it('is found in a recording, and in the bytes themselves', async () => {
    const stream = streamOf(codec, new SeededRandom(2), 60, { noiseOneIn: 5 })
    const file = await recorded(`serial-${codec.protocol}`, 'serial', (recorder) => {
      for (let from = 0; from < stream.length; from += 100) recorder.bytes(stream.subarray(from, from + 100))
    })
    const ofRecording = await detect(file)
    expect(ofRecording.findings).toMatchObject([{ protocol: codec.protocol }])
    expect(ofRecording.config?.sources).toEqual({ [codec.protocol]: { driver: 'recording', protocol: codec.protocol, file } })
    const ofBytes = await detect(await written(`${codec.protocol}.bin`, stream))
    expect(ofBytes.findings).toMatchObject([{ protocol: codec.protocol }])
    expect(ofBytes.config?.sources[codec.protocol]).toMatchObject({ driver: 'serial', baudRate: codec.serialHabits?.baudRates[0] })
    expect(ofBytes.configYaml).toContain('# port: a file does not tell it')
  })
})

it('reads a long capture to its end, and stops where it is told to', async () => {
  const stream = streamOf(codecNamed('nooploop-nlink'), new SeededRandom(8), 6_000)
  const file = await written('long.bin', stream)
  const whole = await detect(file)
  expect(whole.heard.speeds[0]?.look.bytes).toBe(stream.length)
  expect(whole.findings).toMatchObject([{ protocol: 'nooploop-nlink' }])
  expect(whole.findings[0]?.explainedShare).toBeGreaterThan(0.99)
  const stop = new AbortController()
  const part = await detectFile({ file, codecs: CODECS, signal: stop.signal, onProgress: () => stop.abort() })
  expect(part).toMatchObject({ outcome: 'detected', interrupted: true })
  expect(part.heard.speeds[0]?.look.bytes).toBeLessThan(stream.length)
})

it('finds frames in hex', async () => {
  const seeds = loadSeeds(codecNamed('nooploop-nlink'))
  const lines = seeds.map(({ bytes }) => toHex(bytes).replace(/..(?=.)/g, '$& '))
  expect((await detect(await written('frames.hex', lines.join('\n')))).findings).toMatchObject([{ protocol: 'nooploop-nlink' }])
})

it('finds frames as tagward decode takes them', async () => {
  const adverts = loadSeeds(codecNamed('ble-advertisement')).map(({ bytes, context }) =>
    JSON.stringify({ frame: toHex(bytes), address: context.address ?? 'c0ffee010203' })
  )
  const found = await detect(await written('adverts.jsonl', adverts.join('\n')))
  expect(found.findings[0]?.protocol).toBe('ble-advertisement')
  const lines = ['POS,2.57,2.00,1.67,97\\r\\n', 'DIST,0,POS,1.00,2.00,3.00,80\\r\\n'].map((frame) => JSON.stringify({ frame }))
  expect((await detect(await written('shell.jsonl', lines.join('\n')))).findings).toMatchObject([{ protocol: 'dwm1001-uart-shell' }])
})

it('finds what mosquitto_sub -v printed', async () => {
  const lines = [0xa1, 0xb2, 0xc3].map(
    (id) => `dwm/node/4d${id.toString(16)}/uplink/location {"position":{"x":1,"y":2,"z":3,"quality":80},"superFrameNumber":7}`
  )
  const found = await detect(await written('sub.txt', lines.join('\n')))
  expect(found.findings).toMatchObject([{ protocol: 'dwm1001-pans-mqtt', topics: ['dwm/node/+/uplink/#'], frames: 3, tagCount: 3 }])
  expect(found.configYaml).toContain('# url: a file does not tell it')
})

it('finds messages in a recording, by the driver that it was made with', async () => {
  const seeds = loadSeeds(codecNamed('ciholas-cdp'))
  const file = await recorded('udp', 'udp', (recorder) => {
    for (const { bytes } of seeds) recorder.message(bytes, { address: '192.0.2.4' })
  })
  expect((await detect(file)).findings).toMatchObject([{ protocol: 'ciholas-cdp' }])
  const mqtt = await recorded('mqtt', 'mqtt', (recorder) => {
    for (const { bytes, context } of loadSeeds(codecNamed('dwm1001-pans-mqtt'))) recorder.message(bytes, { topic: context.topic })
  })
  expect((await detect(mqtt)).findings[0]?.protocol).toBe('dwm1001-pans-mqtt')
})

it('finds nothing in noise, in an empty file, in a text for people', async () => {
  const noise = await detect(await written('noise.bin', randomBytes(new SeededRandom(4), 300_000)))
  expect(noise).toMatchObject({ outcome: expect.stringMatching(/^(unknown|possible)$/), findings: [] })
  expect(noise).not.toHaveProperty('config')
  expect(noise.heard.speeds[0]?.look).toMatchObject({ bytes: 300_000, distinctBytes: 256, impression: 'binary' })
  expect(await detect(await written('empty', ''))).toMatchObject({ outcome: 'silent', findings: [] })
  const text = await detect(await written('readme.txt', 'Alarms: see the manual.\nFor help, call the site.\n'.repeat(40)))
  expect(text.findings).toEqual([])
  expect(text.heard.speeds[0]?.look.impression).toBe('text')
})

it('rejects with the reason when there is no file', async () => {
  await expect(detect(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
})
