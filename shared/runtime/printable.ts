// Text from outside on a terminal or in a log: what would move the cursor, change colours, write lines of its own or turn the order
// of characters round is shown as what it is.

// C0, DEL and C1; the marks, embeddings, overrides and isolates of bidirectional text (UAX #9 §2); line and paragraph separators.
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const UNPRINTABLE_IN_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** For one line that people read. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeUnicode)
}

/** For JSON, whose own escapes have dealt with C0 and whose line ends are its own; it says the same afterwards. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, escapeUnicode)
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
