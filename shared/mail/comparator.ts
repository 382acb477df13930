// What messages are sorted by, whoever asks: SORT in its grammar says the same words.

/** What two messages are compared by; RFC 5256 §3, RFC 5957 §3. */
export type ComparedBy =
  /** When the message came. */
  | 'arrival'
  | 'cc'
  /** When it was sent (RFC 5256 §2.2). */
  | 'date'
  | 'from'
  | 'size'
  /** The base subject (RFC 5256 §2.1). */
  | 'subject'
  | 'to'
  /** The names that are shown of the first sender and recipient. */
  | 'displayfrom'
  | 'displayto'

export type Comparator = { readonly key: ComparedBy; readonly reverse: boolean }
