// The announcement of a literal at the end of a line: literal (RFC 9051 §4.3), non-synchronising literal (RFC 7888) and
// literal8 (RFC 3516 §4.4).

export type LiteralHeader = {
  /** At most 2^53-1: what is announced beyond is no smaller for us. */
  readonly bytes: number
  /** False for `{n+}`, whose bytes follow without waiting for our continuation. */
  readonly synchronising: boolean
  /** literal8, `~{n}`: its bytes may hold NUL. */
  readonly binary: boolean
}

const DQUOTE = 0x22
const PLUS = 0x2b
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const TILDE = 0x7e

/** number64 has at most 19 digits (RFC 9051 §9); more are no literal but a syntax error. */
const DIGITS_MAX = 19
/** Bytes at the end of a line that can belong to an announcement. */
export const HEADER_BYTES_MAX = DIGITS_MAX + 4

/** The literal a line ends with and where its announcement starts. literal = "{" number64 ["+"] "}" CRLF *CHAR8 */
export function literalHeaderAtEnd(
  line: Buffer,
): { readonly start: number; readonly literal: LiteralHeader } | undefined {
  let at = line.length - 1
  if (line[at] !== BRACE_CLOSE) return undefined
  at--
  const synchronising = line[at] !== PLUS
  if (!synchronising) at--
  const digitsEnd = at
  while (at >= 0 && digitsEnd - at < DIGITS_MAX && isDigit(line[at])) at--
  if (at < 0 || at === digitsEnd || line[at] !== BRACE_OPEN) return undefined
  const digits = line.toString('latin1', at + 1, digitsEnd + 1)
  const binary = line[at - 1] === TILDE
  const start = binary ? at - 1 : at
  if (endsInsideQuoted(line, start)) return undefined
  const bytes = Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
  return { start, literal: { bytes, synchronising, binary } }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

/** A brace inside a quoted string that was never closed announces nothing; the line is a syntax error. */
function endsInsideQuoted(line: Buffer, end: number): boolean {
  let inside = false
  for (let at = line.indexOf(DQUOTE); at >= 0 && at < end; at++) {
    const byte = line[at]
    if (byte === DQUOTE) inside = !inside
    else if (inside && byte === BACKSLASH) at++
  }
  return inside
}
