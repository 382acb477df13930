// Where we are more lenient than the grammar, because clients in use need it.
//
// A bare LF ends a line as CRLF does (RFC 9051 §2.2 wants CRLF; command-reader.ts): scripts and old clients send it, and no
// message content goes through lines, so nothing can be smuggled by it. A CR inside a line belongs to no production: BAD.

/** An empty line between commands is passed over: some clients send a CRLF too many after a literal. */
export const skipsEmptyLines = true

/**
 * 8-bit bytes in a quoted string before UTF8=ACCEPT or IMAP4rev2 is enabled (RFC 3501 §9 `QUOTED-CHAR` is 7-bit): names and
 * passwords typed as they are.
 */
export const acceptsEightBitQuoted = true

/** Blanks before the line end, and inside parentheses beside them: `( FLAGS )`. Several clients leave them behind. */
export const acceptsStraySpaces = true

/** `"1-Jan-2026 …"`, where RFC 9051 §9 `date-day-fixed` wants a blank or zero before the day. */
export const acceptsShortDay = true
