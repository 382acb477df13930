// Where we are more lenient than the grammar, because clients in use need it. Each name is used at the one place it rules.

/** A bare LF ends a line as CRLF does (RFC 9051 §2.2 wants CRLF): scripts and old clients send it. */
export const acceptsBareLf = true

/** An empty line between commands is passed over: some clients send a CRLF too many after a literal. */
export const skipsEmptyLines = true

/** 8-bit bytes in a quoted string before UTF8=ACCEPT or IMAP4rev2 is enabled: names and passwords typed as they are. */
export const acceptsEightBitQuoted = true

/** `FETCH 1 FLAGS UID`: fetch attributes without parentheses are refused, but a blank inside `( FLAGS )` is passed over. */
export const acceptsBlankInsideParentheses = true

/** A blank before the line end, which several clients leave behind. */
export const acceptsTrailingSpace = true

/** `1-Jan-2026` with one digit of the day in a date-time, where RFC 9051 §9 `date-day-fixed` wants a blank before it. */
export const acceptsShortDay = true
