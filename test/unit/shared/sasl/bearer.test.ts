import { describe, expect, it } from 'vitest'
import {
  type Bearer,
  parseOAuthBearer,
  parseXOAuth2,
  TOKEN_CHARACTERS_MAX,
} from '#shared/sasl/bearer.ts'

const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=='
const malformed = { kind: 'malformed' }
const read = (parse: (message: Uint8Array) => Bearer) => (text: string) =>
  parse(Buffer.from(text.replaceAll('^A', '\x01'), 'utf8'))

describe('OAUTHBEARER', () => {
  const parse = read(parseOAuthBearer)

  it.each([
    // RFC 7628 §4.1
    [
      `n,a=user@example.com,^Ahost=server.example.com^Aport=143^Aauth=Bearer ${token}^A^A`,
      'user@example.com',
    ],
    [`y,a=user@example.com,^Aauth=Bearer ${token}^A^A`, 'user@example.com'],
    [`n,,^Aauth=Bearer ${token}^A^A`, ''],
    [`n,a=a=2Cb=3Dc@x.test,^Aauth=bearer ${token}^A^A`, 'a,b=c@x.test'],
    [`n,a=jürgen@x.test,^Aauth=Bearer ${token}^A^A`, 'jürgen@x.test'],
  ])('%s', (text, login) => {
    expect(parse(text)).toEqual({ kind: 'token', login, token })
  })

  it.each([
    '',
    'n',
    'n,',
    'n,,',
    '^A^A',
    `n,,^Aauth=Bearer ${token}^A`,
    `n,,auth=Bearer ${token}^A^A`,
    // §3.1: an empty one asks what is offered; here that is said in advance.
    'n,,^A^A',
    `p=tls-unique,,^Aauth=Bearer ${token}^A^A`,
    `n,b=x,^Aauth=Bearer ${token}^A^A`,
    `n,a=x=2cy,^Aauth=Bearer ${token}^A^A`,
    `n,a=,^Aauth=Bearer ${token}^A^A`,
    `n,,^Aauth=Basic ${token}^A^A`,
    `n,,^Aauth=Bearer ^A^A`,
    `n,,^Aauth=Bearer two words^A^A`,
    `n,,^Aauth=Bearer ${token}^Aauth=Bearer ${token}^A^A`,
    `n,,^Aauth=Bearer ${'x'.repeat(TOKEN_CHARACTERS_MAX + 1)}^A^A`,
    `n,,${'^Ax=y'.repeat(50)}^Aauth=Bearer ${token}^A^A`,
    `n,,^Aauth=Bearer ${token}\0^A^A`,
    `n,a=${'x'.repeat(1_025)},^Aauth=Bearer ${token}^A^A`,
  ])('not %j', (text) => {
    expect(parse(text)).toEqual(malformed)
  })

  it('takes the longest token, and no bytes that are not UTF-8', () => {
    const long = 'x'.repeat(TOKEN_CHARACTERS_MAX)
    expect(parse(`n,,^Aauth=Bearer ${long}^A^A`)).toMatchObject({ token: long })
    expect(parseOAuthBearer(Buffer.from('n,a=\xff,\x01auth=Bearer x\x01\x01', 'latin1'))).toEqual(
      malformed,
    )
  })
})

describe('XOAUTH2', () => {
  const parse = read(parseXOAuth2)

  it('reads a user and a token', () => {
    const text = `user=someuser@example.com^Aauth=Bearer ${token}^A^A`
    expect(parse(text)).toEqual({ kind: 'token', login: 'someuser@example.com', token })
  })

  it.each([
    '',
    `auth=Bearer ${token}^A^A`,
    `user=^Aauth=Bearer ${token}^A^A`,
    `user=a^A^A`,
    `user=a^Aauth=Bearer ${token}^A`,
    `user=a@x.test^Aauth=Basic ${token}^A^A`,
  ])('not %j', (text) => {
    expect(parse(text)).toEqual(malformed)
  })
})
