import { GatewayError } from '../errors.ts'
import type { EventType } from './event-data.ts'
import type { AnyProcessor } from './processor.ts'

/** Processors joined by event type, in an order in which every maker stands before its takers. */
export interface Topology {
  readonly processors: readonly AnyProcessor[]
  /** Who takes a type, as places in `processors`. */
  readonly takers: ReadonlyMap<EventType, readonly number[]>
  readonly inputs: readonly EventType[]
}

export interface TopologyEnds {
  /** What comes in from outside. */
  readonly inputs: readonly EventType[]
  /** What leaves although no processor takes it: the types of the contract. */
  readonly sinks: readonly EventType[]
}

/**
 * Joins processors by what they take and make.
 *
 * @throws GatewayError PIPELINE_INVALID with the names concerned: a name given twice, a type that is taken and that nobody makes, one that is
 *   made and that nobody takes, a cycle.
 */
export function joinTopology(processors: readonly AnyProcessor[], ends: TopologyEnds): Topology {
  const names = new Set<string>()
  for (const { name } of processors) {
    if (names.has(name)) throw invalid(`two processors are named ${name}; give one of them another name`)
    names.add(name)
  }
  const made = new Set([...ends.inputs, ...processors.flatMap((each) => each.out)])
  const taken = new Set([...ends.sinks, ...processors.flatMap((each) => each.in)])
  for (const { name, in: types, out } of processors) {
    for (const type of types) if (!made.has(type)) throw invalid(`${name} takes ${type}, which no processor and no source makes`)
    for (const type of out)
      if (!taken.has(type)) throw invalid(`${name} makes ${type}, which no processor takes and the contract does not know`)
  }
  const ordered = inOrder(processors)
  const takers = new Map<EventType, number[]>()
  ordered.forEach((processor, place) => {
    for (const type of new Set(processor.in)) takers.set(type, [...(takers.get(type) ?? []), place])
  })
  return { processors: ordered, takers, inputs: ends.inputs }
}

/** Makers before takers; among equals the order of declaration. */
function inOrder(processors: readonly AnyProcessor[]): readonly AnyProcessor[] {
  const ordered: AnyProcessor[] = []
  const left = [...processors]
  while (left.length > 0) {
    const place = left.findIndex((one) => !left.some((other) => feeds(other, one)))
    if (place < 0) throw invalid(`processors feed one another in a circle: ${circle(left)}`)
    ordered.push(...left.splice(place, 1))
  }
  return ordered
}

function feeds(maker: AnyProcessor, taker: AnyProcessor): boolean {
  return maker.out.some((type) => taker.in.includes(type))
}

/** One circle among processors each of which is fed by another of them. */
function circle(processors: readonly AnyProcessor[]): string {
  const path: AnyProcessor[] = []
  let at = processors[0]
  while (at !== undefined && !path.includes(at)) {
    path.push(at)
    const taker: AnyProcessor = at
    at = processors.find((maker) => feeds(maker, taker))
  }
  // Walked from taker to maker: turned round it reads in the direction of the events.
  const found = at === undefined ? path : [...path.slice(path.indexOf(at)), at]
  return found
    .reverse()
    .map(({ name }) => name)
    .join(' → ')
}

function invalid(message: string): GatewayError {
  return new GatewayError('PIPELINE_INVALID', message)
}
