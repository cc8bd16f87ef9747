/** Why something that was asked for would give wrong places, and what would be right. */
export interface Refusal {
  readonly ok: false
  readonly what: string
  readonly remedy: string
}

export const refuse = (what: string, remedy: string): Refusal => ({ ok: false, what, remedy })
