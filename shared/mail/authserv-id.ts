// Who an Authentication-Results field says it is from: authserv-id, the first word of its value (RFC 8601 §2.2), behind comments and folds.

/** Behind the field's name. Who needs more to come to his name hides it. */
export const AUTHSERV_ID_BYTES_MAX = 1_000

/**
 * In small letters, without the dot of the root; undefined where it has none, `open` where more must be seen. `value`: all that is there
 * behind the colon, other fields too. `isWhole`: no more comes.
 */
export function authservIdIn(value: Uint8Array, isWhole: boolean): string | 'open' | undefined {
  const cut = value.subarray(0, AUTHSERV_ID_BYTES_MAX)
  const end = fieldEnd(cut)
  const field = cut.subarray(0, end)
  const open =
    end === undefined && !isWhole && cut.length < AUTHSERV_ID_BYTES_MAX ? 'open' : undefined
  const from = behindComments(field)
  if (from === undefined) return open
  const isQuoted = field[from] === QUOTE
  let id = ''
  for (let at = isQuoted ? from + 1 : from; at < field.length; at++) {
    const byte = field[at] ?? 0
    if (isQuoted ? byte === QUOTE : endsToken(byte)) return normal(id)
    if (isQuoted && byte === BACKSLASH) at++
    id += String.fromCharCode(field[at] ?? 0)
  }
  return open ?? normal(id)
}

/** Of the first line end behind which it is not continued. */
function fieldEnd(value: Uint8Array): number | undefined {
  for (let at = value.indexOf(LF); at !== -1; at = value.indexOf(LF, at + 1)) {
    const next = value[at + 1]
    if (next !== undefined && next !== SPACE && next !== TAB) return at
  }
  return undefined
}

/** Comments may hold others (RFC 5322 §3.2.2); undefined where all is comment and white space. */
function behindComments(value: Uint8Array): number | undefined {
  let depth = 0
  for (let at = 0; at < value.length; at++) {
    const byte = value[at] ?? 0
    if (depth > 0 && byte === BACKSLASH) at++
    else if (byte === OPENING) depth++
    else if (depth > 0 && byte === CLOSING) depth--
    else if (depth === 0 && !isBlank(byte)) return at
  }
  return undefined
}

const normal = (id: string) => id.toLowerCase().replace(/\.$/, '') || undefined
const isBlank = (byte: number) => byte === SPACE || byte === TAB || byte === CR || byte === LF
/** RFC 2045 §5.1: readers that know no better go by as much of it as is one. */
const endsToken = (byte: number) =>
  byte <= SPACE || byte === DELETE || SPECIALS.includes(String.fromCharCode(byte))
const SPECIALS = '()<>@,;:\\"/[]?='

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const OPENING = 0x28
const CLOSING = 0x29
const BACKSLASH = 0x5c
const DELETE = 0x7f
