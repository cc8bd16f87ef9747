/** Marks of settings, for `meta` of the schemas: the configuration reads them, and forms and the reference show them. */

/** A text that may be given by reference and is shown to nobody. */
export const SECRET = { writeOnly: true } as const
/** A text that may be given by reference but may be shown (a certificate, a user name). */
export const REFERABLE = { 'x-reference': true } as const
/** A text in PEM: what is none is taken for the path of a file that holds it. */
export const PEM = { 'x-pem': true } as const

/** What to write in words, where "a text" or "a number" says too little; goes on from "write …". */
export const written = (words: string) => ({ 'x-written': words })
