// The text by which messages are put in order or together: folded, and no longer than anybody would compare by eye.
//
// Deliberately: RFC 5256 compares whole texts. Kept for every message of a folder they would be as much memory as their senders
// like, and folding makes up to 18 characters of one.

import { foldCase } from '#shared/mail/casemap.ts'

/** Characters of a key, before and after folding. */
export const SORT_KEY_CHARACTERS_MAX = 256

export function sortKeyOf(text: string): string {
  return foldCase(text.slice(0, SORT_KEY_CHARACTERS_MAX)).slice(0, SORT_KEY_CHARACTERS_MAX)
}
