import { type Catalogue, en } from './en.ts'

/** The words in use. */
export const text: Catalogue = en
