import type { Signal } from '../reading.ts'
import type { BeaconIdentity } from './advertisement-reader.ts'
import { bareHex, type SignalRule } from './advertisement-settings.ts'

/** `pattern`: an id, or with `*` at one end all that begin or end so. Undefined fits everything. */
function fits(pattern: string | undefined, id: string): boolean {
  if (pattern === undefined) return true
  if (pattern.endsWith('*')) return id.startsWith(pattern.slice(0, -1))
  return pattern.startsWith('*') ? id.endsWith(pattern.slice(1)) : id === pattern
}

const fitsNumber = (wanted: number | undefined, value: number): boolean => wanted === undefined || wanted === value

function matches({ match }: SignalRule, beacon: BeaconIdentity): boolean {
  switch (beacon.format) {
    case 'altbeacon':
      return match.beaconId !== undefined && fits(match.beaconId, beacon.beaconId)
    case 'eddystone':
      if (match.namespace === undefined && match.instance === undefined) return false
      return fits(match.namespace, beacon.namespace) && fits(match.instance, beacon.instance)
    case 'ibeacon':
      if (match.uuid === undefined && match.major === undefined && match.minor === undefined) return false
      return fits(match.uuid, beacon.uuid) && fitsNumber(match.major, beacon.major) && fitsNumber(match.minor, beacon.minor)
  }
}

function signalOf({ signal: kind, slot, as }: SignalRule): Signal {
  const named = slot === undefined ? { kind } : { kind, slot }
  // No id: such a broadcast says the same every time, so whether it is the same press is a question of time alone.
  return as === 'event' ? { ...named, form: 'event' } : { ...named, form: 'level', on: as === 'on' }
}

function normalised(rule: SignalRule): SignalRule {
  const { uuid, namespace, instance, beaconId, ...numbers } = rule.match
  const bare = (text: string | undefined): string | undefined => (text === undefined ? undefined : bareHex(text))
  return {
    ...rule,
    match: { ...numbers, uuid: bare(uuid), namespace: bare(namespace), instance: bare(instance), beaconId: bare(beaconId) }
  }
}

interface CompiledRule {
  readonly rule: SignalRule
  readonly signals: readonly Signal[]
}

/**
 * Tags without a field for it say "help" by another identity: a slot that is switched on for some seconds by a press, or a UUID
 * that changes while a state lasts.
 */
export class SignalRules {
  readonly #rules: readonly CompiledRule[]

  constructor(rules: readonly SignalRule[]) {
    this.#rules = rules.map((rule) => ({ rule: normalised(rule), signals: [signalOf(rule)] }))
  }

  /** What the first rule that fits makes of an identity. */
  signalsOf(beacon: BeaconIdentity): readonly Signal[] | undefined {
    for (const { rule, signals } of this.#rules) if (matches(rule, beacon)) return signals
    return undefined
  }
}
