// Flags: RFC 9051 §2.3.2 and §9.
//
//   flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
//   flag-extension = "\" atom        flag-keyword = atom

import { ATOM_CHAR, isMadeOf } from './characters.ts'

/** Spelled as RFC 9051 §2.3.2 does. \Recent is told by IMAP4rev1 servers and cannot be stored. */
const systemFlags = new Map(
  ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', '\\Recent'].map((flag) => [
    flag.toLowerCase(),
    flag,
  ]),
)

/** System flags in their usual spelling, everything else as it was sent. */
export function spelledFlag(flag: string): string {
  return flag.charCodeAt(0) === BACKSLASH ? (systemFlags.get(flag.toLowerCase()) ?? flag) : flag
}

/** Whether the text can go into a flag-list as it is. */
export function isFlag(text: string): boolean {
  return isMadeOf(text.charCodeAt(0) === BACKSLASH ? text.slice(1) : text, ATOM_CHAR)
}

const BACKSLASH = 0x5c
