// The part of DER (ITU-T X.690) that a certificate needs: each function encodes one value with its tag and length.

export type Der = Uint8Array

function encode(tag: number, ...contents: readonly Uint8Array[]): Der {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content])
}

// X.690 §8.1.3: up to 127 in one octet, more as a counted big-endian number.
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 0x100)) octets.unshift(left & 0xff)
  return [0x80 | octets.length, ...octets]
}

export const sequence = (...values: readonly Der[]): Der => encode(0x30, ...values)
export const set = (...values: readonly Der[]): Der => encode(0x31, ...values)
export const boolean = (value: boolean): Der => encode(0x01, Uint8Array.of(value ? 0xff : 0))
export const octetString = (bytes: Uint8Array): Der => encode(0x04, bytes)
export const utf8String = (text: string): Der => encode(0x0c, Buffer.from(text))

/** A positive number, most significant byte first; the first byte is neither 0 nor above 0x7f. */
export const integer = (bytes: Uint8Array): Der => encode(0x02, bytes)

/** The named bits alone: X.690 §11.2.2 drops trailing zero bits. */
export const bitString = (bytes: Uint8Array, unusedBits = 0): Der =>
  encode(0x03, Uint8Array.of(unusedBits), bytes)

/** `[n]` around a whole value. */
export const explicit = (n: number, value: Der): Der => encode(0xa0 | n, value)

/** `[n]` in place of the tag of a primitive value. */
export const implicit = (n: number, content: Uint8Array): Der => encode(0x80 | n, content)

export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encode(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(arc: number): number[] {
  const septets = [arc & 0x7f]
  for (let more = arc >> 7; more > 0; more >>= 7) septets.unshift((more & 0x7f) | 0x80)
  return septets
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after. */
export function time(date: Date): Der {
  const digits = `${date.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')}`
  return date.getUTCFullYear() < 2050
    ? encode(0x17, Buffer.from(digits.slice(2)))
    : encode(0x18, Buffer.from(digits))
}
