import { type AnyProcessor, defineProcessor } from '../processor.ts'

/** Up to so many people are named; of more the number is told alone, lest every step into a full hall repeats everybody. */
export const MAX_PERSONS_NAMED = 50

interface Occupancy {
  /** Who is inside, in order of entry. */
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
    const at = persons.indexOf(event.data.person)
    const isInside = event.type === 'ZoneEntered'
    if (isInside !== at >= 0) {
      if (isInside) persons.push(event.data.person)
      else persons.splice(at, 1)
      const names = persons.length <= MAX_PERSONS_NAMED ? { persons: persons.toSorted() } : {}
      context.emit('PersonsInZone', { key: context.key, time: event.time, data: { zone: context.key, number: persons.length, ...names } })
    }
    if (persons.length === 0) context.drop()
  }
})
