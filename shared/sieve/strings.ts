// Strings of a script that stand for others: encoded characters (RFC 5228 §2.4.2.4), decoded once when the script is compiled, and
// references to variables (RFC 5229 §3), put in whenever the string is used. Each is one pass over the string.

/** A string, or the pieces that make one at run time. */
export type Text = string | readonly (string | VariableName)[]

export type VariableName = {
  /** In lower case; '' for the script's own. */
  readonly namespace: string
  /** In lower case, or the number of a match variable without leading zeroes. */
  readonly name: string
}

export function isConstant(text: Text): text is string {
  return typeof text === 'string'
}

/** Undefined where a reference is to no character. Octets that are no UTF-8 become U+FFFD. */
export function decodeEncodedCharacters(value: string): string | undefined {
  if (!value.includes('${')) return value
  const pieces: Buffer[] = []
  let end = 0
  for (const match of value.matchAll(encoded)) {
    const [whole, hex, unicode] = match
    const bytes = hex === undefined ? charactersOf(unicode ?? '') : octetsOf(hex)
    if (bytes === undefined) return undefined
    pieces.push(Buffer.from(value.slice(end, match.index), 'utf8'), bytes)
    end = match.index + whole.length
  }
  if (end === 0) return value
  pieces.push(Buffer.from(value.slice(end), 'utf8'))
  return Buffer.concat(pieces).toString('utf8')
}

// Numbers and the blanks between them cannot be told apart in two ways: nothing is looked at again.
const encoded =
  /\$\{(?:hex:((?:[ \t\r\n]*[0-9a-f]{1,2}(?![0-9a-f]))+[ \t\r\n]*)|unicode:((?:[ \t\r\n]*[0-9a-f]+(?![0-9a-f]))+[ \t\r\n]*))\}/gi

function octetsOf(hex: string): Buffer {
  return Buffer.from(
    hex
      .trim()
      .split(/[ \t\r\n]+/)
      .map((pair) => Number.parseInt(pair, 16)),
  )
}

function charactersOf(unicode: string): Buffer | undefined {
  let text = ''
  for (const digits of unicode.trim().split(/[ \t\r\n]+/)) {
    const point = Number.parseInt(digits, 16)
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined
    text += String.fromCodePoint(point)
  }
  return Buffer.from(text, 'utf8')
}

/** The pieces of a string in which variables stand. */
export function splitVariables(value: string): Text {
  if (!value.includes('${')) return value
  const pieces: (string | VariableName)[] = []
  let end = 0
  for (const match of value.matchAll(reference)) {
    const [whole, name = ''] = match
    if (match.index > end) pieces.push(value.slice(end, match.index))
    pieces.push(variableName(name))
    end = match.index + whole.length
  }
  if (pieces.length === 0) return value
  if (end < value.length) pieces.push(value.slice(end))
  return pieces
}

/** As it is written in a reference or in `set`. */
export function variableName(written: string): VariableName {
  const dot = written.lastIndexOf('.')
  const name = written.slice(dot + 1).toLowerCase()
  return {
    namespace: written.slice(0, Math.max(0, dot)).toLowerCase(),
    name: digits.test(name) ? name.replace(/^0+(?=.)/, '') : name,
  }
}

/** Whether a text may name a variable that can be set. */
export function isVariableName(written: string): boolean {
  return settable.test(written)
}

// variable-ref = "${" [namespace] variable-name "}"
const reference = /\$\{((?:[a-z_][a-z0-9_]*\.(?:[a-z0-9_]+\.)*)?(?:[0-9]+|[a-z_][a-z0-9_]*))\}/gi
const settable = /^(?:[a-z_][a-z0-9_]*\.)*[a-z_][a-z0-9_]*$/i
const digits = /^[0-9]+$/
