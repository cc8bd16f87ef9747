/** Marks of settings, for `meta` of their schemas: a text that may be given by reference and is shown to nobody. */
export const SECRET = { writeOnly: true } as const
