// Which rights each command needs: RFC 4314 §4, and for later extensions the section named beside. The one place that says so:
// `reach.ts` asks it for mailboxes that a command names, `selected-rights.ts` for the selected one.

import type { Right } from '#shared/mailbox/rights.ts'

/** All of the rights, or one of them at least. */
export type Needed =
  | { readonly all: readonly Right[] }
  | { readonly any: readonly Right[]; readonly all?: readonly Right[] }

/** Mailboxes named. What is made or becomes the new parent is named by the folder above it. */
export const neededOfNamed = {
  SELECT: { all: ['r'] },
  EXAMINE: { all: ['r'] },
  STATUS: { all: ['r'] },
  /** Above the new mailbox. */
  CREATE: { all: ['k'] },
  DELETE: { all: ['x'] },
  RENAME: { all: ['x'] },
  /** Above the new name. */
  'RENAME to': { all: ['k'] },
  /** What flags come along: `flagScope`. */
  APPEND: { all: ['i'] },
  COPY: { all: ['i'] },
  // RFC 6851 §4.2, RFC 8508 §4.1
  MOVE: { all: ['i'] },
  REPLACE: { all: ['i'] },
  // A URL of CATENATE is read as a FETCH would read it.
  CATENATE: { all: ['r'] },
  // RFC 5464 §3.3; deliberately also `w` to change what all others read.
  GETMETADATA: { all: ['l'], any: ['r', 's', 'w', 'i', 'p'] },
  SETMETADATA: { all: ['l', 'w'] },
  // RFC 7377 §2.2
  ESEARCH: { all: ['l', 'r'] },
  // RFC 5465 §5
  NOTIFY: { all: ['l', 'r'] },
  LIST: { all: ['l'] },
  'LIST STATUS': { all: ['r'] },
  SETACL: { all: ['a'] },
  DELETEACL: { all: ['a'] },
  GETACL: { all: ['a'] },
  LISTRIGHTS: { all: ['a'] },
  MYRIGHTS: { any: ['l', 'r', 'i', 'k', 'x', 'a'] },
} as const satisfies { readonly [use: string]: Needed }

export type NamedUse = keyof typeof neededOfNamed

/** The selected mailbox. Without `r` it is selected no longer, whatever the command. */
export const neededOfSelected = {
  EXPUNGE: { all: ['e'] },
  // RFC 6851 §4.2, RFC 8508 §4.1: what STORE and EXPUNGE need.
  MOVE: { all: ['t', 'e'] },
  REPLACE: { all: ['t', 'e'] },
  // Which of the flags: `flagScope`.
  STORE: { any: ['s', 'w', 't'] },
} as const satisfies { readonly [command: string]: Needed }

/** Commands that leave the selected mailbox whatever its rights are by now. */
export const leavingSelected: ReadonlySet<string> = new Set([
  'SELECT',
  'EXAMINE',
  'UNSELECT',
  'UNAUTHENTICATE',
  'LOGOUT',
])
