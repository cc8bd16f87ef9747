import type { Command } from '../../drivers/driver.ts'

/** What the page can ask of a simulated worker. Steps are metres in the plan's frame, y upwards. */
export type SteeringAction =
  | { readonly kind: 'walk'; readonly dxM: number; readonly dyM: number }
  | { readonly kind: 'sos' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'off' }
  | { readonly kind: 'on' }

/** Steering goes the way of every command to a tag; what is only the simulator's own is in the payload. */
export function steeringCommand(action: SteeringAction): Command {
  const { kind, ...rest } = action
  return { kind: 'raw', payload: { action: kind, ...rest } }
}
