import { z } from 'zod'
import type { Command } from '../driver.ts'

const step = z.number().min(-100).max(100)

/** What a `raw` command may carry for a simulated worker: metres in the plan's frame, x to the east, y to the north. */
const steeringSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('move'), dx: step, dy: step }),
  z.strictObject({ action: z.literal('walk'), dxM: step, dyM: step }),
  z.strictObject({ action: z.literal('sos'), on: z.boolean().optional() }),
  z.strictObject({ action: z.literal('drop') }),
  z.strictObject({ action: z.literal('power'), on: z.boolean() }),
  z.strictObject({ action: z.literal('on') }),
  z.strictObject({ action: z.literal('off') })
])

export type Steering =
  | { readonly action: 'move'; readonly dx: number; readonly dy: number }
  /** `press`: pressed and let go after a while. */
  | { readonly action: 'sos'; readonly how: 'hold' | 'release' | 'press' }
  | { readonly action: 'drop' }
  | { readonly action: 'power'; readonly on: boolean }

const ACTIONS: ReadonlySet<unknown> = new Set(['move', 'walk', 'sos', 'drop', 'power', 'on', 'off'])

/** `unsupported`: no command of ours; `invalid`: ours, but its values make no sense. */
export function parseSteering(command: Command): Steering | 'unsupported' | 'invalid' {
  if (command.kind !== 'raw' || !ACTIONS.has(command.payload?.['action'])) return 'unsupported'
  const parsed = steeringSchema.safeParse(command.payload)
  return parsed.success ? steeringOf(parsed.data) : 'invalid'
}

function steeringOf(payload: z.output<typeof steeringSchema>): Steering {
  switch (payload.action) {
    case 'move':
      return payload
    case 'walk':
      return { action: 'move', dx: payload.dxM, dy: payload.dyM }
    case 'sos':
      if (payload.on === undefined) return { action: 'sos', how: 'press' }
      return { action: 'sos', how: payload.on ? 'hold' : 'release' }
    case 'drop':
    case 'power':
      return payload
    case 'on':
    case 'off':
      return { action: 'power', on: payload.action === 'on' }
  }
}
