// Parsers of command arguments (RFC 1939 §9). Each takes what stands after the first space, undefined when there is none,
// and throws Pop3SyntaxError naming what it expected.

export class Pop3SyntaxError extends Error {
  override readonly name = 'Pop3SyntaxError'
}

/** More digits name no message of any maildrop. */
const number = /^[0-9]{1,10}$/

export function nothing(argument: string | undefined): undefined {
  // Lenient: a space after the keyword is no argument.
  if (argument?.trim()) throw new Pop3SyntaxError('no argument')
  return undefined
}

export function text(argument: string | undefined): string {
  if (!argument) throw new Pop3SyntaxError('an argument')
  return argument
}

export function optionalText(argument: string | undefined): string | undefined {
  return argument?.trim() || undefined
}

export function messageNumber(argument: string | undefined): number {
  return parseNumber(argument?.trim(), 'a message number')
}

export function optionalMessageNumber(argument: string | undefined): number | undefined {
  return argument?.trim() ? messageNumber(argument) : undefined
}

export function messageNumberAndLines(argument: string | undefined): {
  readonly number: number
  readonly lines: number
} {
  const [first, second, ...rest] = argument?.trim().split(/ +/) ?? []
  const expected = 'a message number and a number of lines'
  if (rest.length > 0) throw new Pop3SyntaxError(expected)
  return { number: parseNumber(first, expected), lines: parseNumber(second, expected) }
}

function parseNumber(digits: string | undefined, expected: string): number {
  if (digits === undefined || !number.test(digits)) throw new Pop3SyntaxError(expected)
  return Number(digits)
}
