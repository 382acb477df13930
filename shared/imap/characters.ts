// Character classes of RFC 9051 §9 as one table: a byte's bits say which classes it is in.

export const ATOM_CHAR = 1
export const ASTRING_CHAR = 2
export const TAG_CHAR = 4
export const LIST_CHAR = 8
/** Inside a quoted string as itself: TEXT-CHAR without quoted-specials, 7-bit. */
export const QUOTED_PLAIN = 16
export const DIGIT = 32
/** Letters, digits, `.` and `-`: the names of attributes, keys and options. */
export const KEYWORD_CHAR = 64
/** Digits and the punctuation of a sequence-set. */
export const SET_CHAR = 128

// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
const atomSpecials = '(){ %*"\\]'

export const characterClasses: Uint8Array = new Uint8Array(256)
for (let code = 0x20; code < 0x7f; code++) {
  const char = String.fromCharCode(code)
  const atom = !atomSpecials.includes(char)
  const astring = atom || char === ']'
  characterClasses[code] =
    (atom ? ATOM_CHAR : 0) |
    (astring ? ASTRING_CHAR : 0) |
    (astring && char !== '+' ? TAG_CHAR : 0) |
    (astring || char === '%' || char === '*' ? LIST_CHAR : 0) |
    (char !== '"' && char !== '\\' ? QUOTED_PLAIN : 0) |
    (/[0-9]/.test(char) ? DIGIT : 0) |
    (/[A-Za-z0-9.-]/.test(char) ? KEYWORD_CHAR : 0) |
    (/[0-9:,*]/.test(char) ? SET_CHAR : 0)
}
// TEXT-CHAR = <any CHAR except CR and LF>: other controls may stand in a quoted string.
for (let code = 1; code < 0x80; code++) {
  if (code >= 0x20 && code < 0x7f) continue
  if (code !== 0x0a && code !== 0x0d) characterClasses[code] = QUOTED_PLAIN
}

/** Whether all characters of a byte string are in the class; false for the empty one. */
export function isMadeOf(text: string, characterClass: number): boolean {
  for (let at = 0; at < text.length; at++) {
    if (((characterClasses[text.charCodeAt(at)] ?? 0) & characterClass) === 0) return false
  }
  return text.length > 0
}
