// What of a message is meant: a part by its number, and all of it, its header, some fields, or its text. The words are those of
// RFC 9051 §6.4.5.1, which says best what every reader of messages asks for.

import type { ByteString } from './message-index.ts'

/** Part numbers from the top, [] for the message itself: RFC 9051 §6.4.5.1. */
export type PartPath = readonly number[]

export type Section =
  /** All of the message or part. */
  | { readonly kind: 'all'; readonly part: PartPath }
  | { readonly kind: 'header'; readonly part: PartPath }
  | {
      readonly kind: 'header-fields'
      readonly part: PartPath
      /** All but these. */
      readonly not: boolean
      /** In any case. */
      readonly names: readonly ByteString[]
    }
  | { readonly kind: 'text'; readonly part: PartPath }
  /** The MIME header of a part; `part` is never empty. */
  | { readonly kind: 'mime'; readonly part: PartPath }
