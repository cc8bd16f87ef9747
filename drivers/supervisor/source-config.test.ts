import { expect, it } from 'vitest'
import type { DecoderMemory } from '../../firmware-protocols/codec.ts'
import { createToyCodec } from '../../test-support/toy-codec.ts'
import type { Driver } from '../driver.ts'
import { recordingDriver } from '../recording/driver.ts'
import { serialDriver } from '../serial/serial-driver.ts'
import { resolveSource } from './source-config.ts'

const memory: DecoderMemory = { recall: () => undefined, remember: () => undefined }

/** What the decoders of a source are made with. */
function madeWith(driver: Driver<unknown>, settings: object, protocolSettings?: object): readonly unknown[] {
  const made: unknown[][] = []
  const toy = createToyCodec()
  const codec = {
    ...toy,
    settings: { parse: (input: unknown) => input },
    createDecoder: (...args: unknown[]) => {
      made.push(args)
      return toy.createDecoder()
    }
  }
  const config = { id: 'hall', driver: driver.kind, protocol: 'toy', enabled: true, settings, protocolSettings }
  resolveSource(config, [driver], () => codec, memory).codec?.createDecoder()
  return made[0] ?? []
}

it('gives the decoders of a source its memory, with settings and without', () => {
  expect(madeWith(serialDriver, { port: '/dev/ttyS1' })).toEqual([undefined, memory])
  expect(madeWith(serialDriver, { port: '/dev/ttyS1' }, { keys: [] })).toEqual([{ keys: [] }, memory])
})

it('gives those of a recording none: it may be played as often as one likes', () => {
  expect(madeWith(recordingDriver, { file: 'hall1.tagrec' })).toEqual([])
  expect(madeWith(recordingDriver, { file: 'hall1.tagrec' }, { keys: [] })).toEqual([{ keys: [] }, undefined])
})
