import { type AnyProcessor, defineProcessor } from '../processor.ts'

/** Up to so many people are named; of more the number is told alone, lest every step into a full hall repeats everybody. */
export const MAX_PERSONS_NAMED = 50

interface Occupancy {
  /** Who is inside, sorted. */
  persons: string[]
}

/**
 * Tells how many people are in a zone whenever that changes. Crossings are told for each level, so each zone has those within its children
 * among its own; people are counted, whatever number of tags they wear.
 */
export const PERSONS_IN_ZONE: AnyProcessor = defineProcessor({
  name: 'persons-in-zone',
  title: 'Counts the people in each zone',
  in: ['ZoneEntered', 'ZoneLeft'],
  out: ['PersonsInZone'],
  version: 1,
  key: (event) => event.data.zone,
  initial: (): Occupancy => ({ persons: [] }),
  process(event, state, context) {
    const { persons } = state
    const { person } = event.data
    const at = placeOf(persons, person)
    const isInside = event.type === 'ZoneEntered'
    if (isInside !== (persons[at] === person)) {
      if (isInside) persons.splice(at, 0, person)
      else persons.splice(at, 1)
      const names = persons.length <= MAX_PERSONS_NAMED ? { persons: persons.slice() } : {}
      context.emit('PersonsInZone', { key: context.key, time: event.time, data: { zone: context.key, number: persons.length, ...names } })
    }
    if (persons.length === 0) context.drop()
  }
})

/** Where somebody stands in the list, or would stand. */
function placeOf(persons: readonly string[], person: string): number {
  let from = 0
  let to = persons.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((persons[middle] ?? '') < person) from = middle + 1
    else to = middle
  }
  return from
}
