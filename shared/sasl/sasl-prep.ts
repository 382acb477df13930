// How SCRAM writes a password before it is hashed, so that the same word typed on two keyboards is the same (RFC 4013).
//
// Deliberately: mapping (§2.1) and NFKC (§2.2) only, with the Unicode tables Node has instead of those of Unicode 3.2. Prohibited
// and unassigned characters and mixed directions are taken as they are. For ASCII it changes nothing.

/** RFC 3454 table C.1.2 */
const NON_ASCII_SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g
/** RFC 3454 table B.1: commonly mapped to nothing. */
const NOTHING = /\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/g

/** The text itself where nothing would be left of it. */
export function saslPrep(text: string): string {
  const prepared = text.replace(NON_ASCII_SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return prepared === '' ? text : prepared
}
