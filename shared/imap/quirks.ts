// Where we are more lenient than the grammar, because clients in use need it.
//
// A bare LF ends a line as CRLF does (RFC 9051 §2.2 wants CRLF; command-reader.ts): scripts and old clients send it, and no
// message content goes through lines, so nothing can be smuggled by it. A CR inside a line belongs to no production: BAD.

/** An empty line between commands, or inside IDLE, is passed over: some clients send a CRLF too many after a literal. */
export const skipsEmptyLines = true

/**
 * 8-bit bytes in a quoted string before UTF8=ACCEPT or IMAP4rev2 is enabled (RFC 3501 §9 `QUOTED-CHAR` is 7-bit): names and
 * passwords typed as they are.
 */
export const acceptsEightBitQuoted = true

/**
 * The same without quotes once UTF-8 names are enabled (RFC 9051 §9 `ASTRING-CHAR` is 7-bit): `CREATE Entwürfe`, `APPEND Entwürfe …`.
 */
export const acceptsEightBitAtoms = true

/** Several blanks where the grammar has one: `FETCH 1  (FLAGS)`. Dovecot takes them, and clients and scripts lean on it. */
export const acceptsSeveralSpaces = true

/** Blanks before the line end, and inside parentheses beside them: `( FLAGS )`. Several clients leave them behind. */
export const acceptsStraySpaces = true

/** `"1-Jan-2026 …"`, where RFC 9051 §9 `date-day-fixed` wants a blank or zero before the day. */
export const acceptsShortDay = true

/**
 * A mailbox name that is no modified UTF-7 (RFC 3501 §5.1.3), `a&b` or `&Jjo`, is one that no mailbox has, NO as with any other such
 * name: BAD would tell a client that it does not speak IMAP, and some never ask again. Dovecot answers the same.
 */
export const answersMisspeltNamesWithNo = true
