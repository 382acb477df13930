// Strings of a script that stand for others: encoded characters (RFC 5228 §2.4.2.4), decoded once when the script is compiled, and
// references to variables (RFC 5229 §3), put in whenever the string is used. Each is one pass over the string: what may stand between
// `${` and `}` has neither of them in it.

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
  const pieces = substitute(value, encoded, (inside) => {
    const colon = inside.indexOf(':')
    const numbers = inside
      .slice(colon + 1)
      .split(blanks)
      .filter(Boolean)
    if (numbers.length === 0) return undefined
    if (inside.slice(0, colon).toLowerCase() === 'unicode') return charactersOf(numbers)
    return numbers.every((pair) => pair.length <= 2) ? octetsOf(numbers) : undefined
  })
  if (pieces === undefined) return value
  if (pieces.includes(null)) return undefined
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece, 'utf8') : (piece ?? none),
    ),
  ).toString('utf8')
}

const none = Buffer.alloc(0)
const encoded = /(?:hex|unicode):[0-9a-f \t\r\n]*/iy
const blanks = /[ \t\r\n]+/

function octetsOf(pairs: readonly string[]): Buffer {
  return Buffer.from(pairs.map((pair) => Number.parseInt(pair, 16)))
}

/** Null for what is no character. */
function charactersOf(numbers: readonly string[]): Buffer | null {
  const points = numbers.map((digits) => Number.parseInt(digits, 16))
  if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))) return null
  return Buffer.from(points.map((point) => String.fromCodePoint(point)).join(''), 'utf8')
}

/** The pieces of a string in which variables stand. */
export function splitVariables(value: string): Text {
  return (
    substitute(value, nameCharacters, (inside) =>
      isReference(inside) ? variableName(inside) : undefined,
    ) ?? value
  )
}

const nameCharacters = /[a-z0-9_.]*/iy

/** variable-ref = "${" [namespace] variable-name "}" */
function isReference(text: string): boolean {
  const [first = '', ...rest] = text.split('.')
  if (rest.length === 0) return isName(first)
  return identifier.test(first) && rest.every(isName)
}

/** variable-name = num-variable / identifier */
const isName = (text: string) => digits.test(text) || identifier.test(text)

const identifier = /^[a-z_][a-z0-9_]*$/i
const digits = /^[0-9]+$/

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
  return written.split('.').every((part) => identifier.test(part))
}

/** The text between what `${…}` stand for; undefined where there is none. `of`: undefined where what is inside means nothing. */
function substitute<T>(
  value: string,
  inside: RegExp,
  of: (inside: string) => T | undefined,
): readonly (string | T)[] | undefined {
  const pieces: (string | T)[] = []
  let end = 0
  for (let at = value.indexOf('${'); at >= 0; at = value.indexOf('${', Math.max(at + 1, end))) {
    inside.lastIndex = at + 2
    const text = inside.exec(value)?.[0]
    if (text === undefined || value[at + 2 + text.length] !== '}') continue
    const meant = of(text)
    if (meant === undefined) continue
    if (at > end) pieces.push(value.slice(end, at))
    pieces.push(meant)
    end = at + text.length + 3
  }
  if (pieces.length === 0) return undefined
  if (end < value.length) pieces.push(value.slice(end))
  return pieces
}
