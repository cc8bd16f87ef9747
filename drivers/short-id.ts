import { z } from 'zod'

/** A tag's or device's id within its namespace: what the events join with `:` and topics with `/`. */
export const SHORT_ID = /^[^\s:/]{1,120}$/

export const shortIdSchema = z.string().regex(SHORT_ID, 'a short id without blanks, colons and slashes')
