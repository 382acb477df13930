// What one search may ask. Its work grows with each of these, so whoever takes a search from a client refuses more before it is compiled.

/** Criteria of one search: each is asked of every message. */
export const CRITERIA_MAX = 1_000
/** Texts among them that are looked for in bodies: each in everything that is read. */
export const TEXT_CRITERIA_MAX = 100
/** Bytes of one text to look for, and of all of them together. */
export const TEXT_BYTES_MAX = 4_096
export const TEXTS_BYTES_MAX = 65_536
/** Ranges in the sets of uids of all criteria together. */
export const UID_RANGES_MAX = 65_536
