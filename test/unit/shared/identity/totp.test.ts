import { describe, expect, it } from 'vitest'
import { base32, hotp, stepOfCode, totpUri } from '#shared/identity/totp.ts'

const ascii = (text: string) => Buffer.from(text, 'ascii')
const sha1Secret = ascii('12345678901234567890')
const secrets = {
  sha1: sha1Secret,
  sha256: ascii('12345678901234567890123456789012'),
  sha512: ascii('1234567890123456789012345678901234567890123456789012345678901234'),
} as const

describe('one-time passwords', () => {
  // RFC 4226 appendix D
  it.each(
    [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ].map((code, counter) => [counter, code] as const),
  )('by counter %i: %s', (counter, code) => {
    expect(hotp(sha1Secret, counter, 6)).toBe(code)
  })

  // RFC 6238 appendix B
  it.each([
    [59, 'sha1', '94287082'],
    [59, 'sha256', '46119246'],
    [59, 'sha512', '90693936'],
    [1111111109, 'sha1', '07081804'],
    [1111111109, 'sha256', '68084774'],
    [1111111109, 'sha512', '25091201'],
    [1111111111, 'sha1', '14050471'],
    [1111111111, 'sha256', '67062674'],
    [1111111111, 'sha512', '99943326'],
    [1234567890, 'sha1', '89005924'],
    [1234567890, 'sha256', '91819424'],
    [1234567890, 'sha512', '93441116'],
    [2000000000, 'sha1', '69279037'],
    [2000000000, 'sha256', '90698825'],
    [2000000000, 'sha512', '38618901'],
    [20000000000, 'sha1', '65353130'],
    [20000000000, 'sha256', '77737706'],
    [20000000000, 'sha512', '47863826'],
  ] as const)('at second %i with %s: %s', (second, hash, code) => {
    expect(hotp(secrets[hash], Math.floor(second / 30), 8, hash)).toBe(code)
  })
})

describe('a code', () => {
  const nowMs = 1111111111_000
  const now = Math.floor(nowMs / 30_000)
  const step = (text: string, afterStep = 0) => stepOfCode(sha1Secret, text, { nowMs, afterStep })
  const codeAt = (at: number) => hotp(sha1Secret, at, 6)

  it('is taken within a step of now, once, and none before it after that', () => {
    expect([-2, -1, 0, 1, 2].map((by) => step(codeAt(now + by)))).toEqual([
      undefined,
      now - 1,
      now,
      now + 1,
      undefined,
    ])
    expect(step(codeAt(now), now)).toBeUndefined()
    expect(step(codeAt(now - 1), now)).toBeUndefined()
    expect(step(codeAt(now + 1), now)).toBe(now + 1)
  })

  it('counts though one was used in a time to come, before the clock was set back', () => {
    expect(step(codeAt(now), now + 2_880)).toBe(now)
    expect(step(codeAt(now), now + 1)).toBeUndefined()
  })

  it.each(['', '1', '05047', '0504711', '٠٥٠٤٧١', 'ÿÿÿÿÿÿ', ' '.repeat(6)])('is not %j', (text) => {
    expect(step(text)).toBeUndefined()
  })

  it('may be typed in two halves', () => {
    const code = codeAt(now)
    expect(step(`${code.slice(0, 3)} ${code.slice(3)}`)).toBe(now)
  })
})

// RFC 4648 §10, without padding
it.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('writes %j in base32', (plain, encoded) => {
  expect(base32(ascii(plain))).toBe(encoded)
})

it('tells a program whose codes they are', () => {
  expect(totpUri(ascii('foobar'), { login: 'a&b@x.test', issuer: 'mx: x' })).toBe(
    'otpauth://totp/mx%20%20x:a%26b%40x.test?secret=MZXW6YTBOI&issuer=mx%20%20x',
  )
})
