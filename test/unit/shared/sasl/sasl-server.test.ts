import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, decodeInitialResponse, encodeBase64 } from '#shared/sasl/base64.ts'
import { CREDENTIAL_BYTES_MAX } from '#shared/sasl/credential-text.ts'
import { findMechanism } from '#shared/sasl/sasl-exchange.ts'
import { createSaslServer } from '#shared/sasl/sasl-server.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const plain = (text: string | Uint8Array) =>
  createSaslServer('PLAIN').step(typeof text === 'string' ? bytes(text) : text)
const malformed = { kind: 'malformed' }

describe('PLAIN', () => {
  // RFC 4616 §4, the first example.
  it('takes login and password from the initial response', () => {
    expect(plain('\0tim\0tanstaaftanstaaf')).toEqual({
      kind: 'credentials',
      login: 'tim',
      password: bytes('tanstaaftanstaaf'),
    })
  })

  it('sends an empty challenge when there is no initial response, once', () => {
    const server = createSaslServer('PLAIN')
    expect(server.step(undefined)).toEqual({ kind: 'challenge', data: new Uint8Array() })
    expect(server.step(bytes('\0tim\0x'))).toEqual({
      kind: 'credentials',
      login: 'tim',
      password: bytes('x'),
    })
    const impatient = createSaslServer('PLAIN')
    impatient.step(undefined)
    expect(impatient.step(undefined)).toEqual(malformed)
  })

  it('takes an authorization identity only when it is the login', () => {
    expect(plain('tim\0tim\0x').kind).toBe('credentials')
    // RFC 4616 §4, the second example: Kurt asks to act for Ursel.
    expect(plain('Ursel\0Kurt\0xipj3plmq')).toEqual({ kind: 'other-identity', login: 'Kurt' })
  })

  it('takes UTF-8 as it is', () => {
    expect(plain('\0jürgen@exämple.de\0pässwörd 😀')).toEqual({
      kind: 'credentials',
      login: 'jürgen@exämple.de',
      password: bytes('pässwörd 😀'),
    })
  })

  it('takes a password that is no UTF-8 as the bytes it is', () => {
    const password = Uint8Array.of(0xc3, 0xff)
    const message = Uint8Array.of(0, 0x61, 0, ...password)
    expect(plain(message)).toEqual({ kind: 'credentials', login: 'a', password })
  })

  it('takes 1024 bytes of login and of password and no more', () => {
    const most = 'x'.repeat(CREDENTIAL_BYTES_MAX)
    expect(plain(`\0${most}\0${most}`).kind).toBe('credentials')
    expect(plain(`\0${most}x\0${most}`)).toEqual(malformed)
    expect(plain(`\0${most}\0${most}x`)).toEqual(malformed)
    expect(plain(`${most}x\0${most}\0x`)).toEqual(malformed)
  })

  const wrong: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing', ''],
    ['no NUL', 'tim'],
    ['one NUL', '\0tim'],
    ['three NULs', '\0tim\0pass\0word'],
    ['a NUL at the end', '\0tim\0pass\0'],
    ['no login', '\0\0pass'],
    ['no password', '\0tim\0'],
    ['broken UTF-8 in the login', Uint8Array.of(0, 0xff, 0, 0x61)],
    ['a surrogate in the login', Uint8Array.of(0, 0xed, 0xa0, 0x80, 0, 0x61)],
  ]
  for (const [what, message] of wrong) {
    it(`refuses ${what}`, () => {
      expect(plain(message)).toEqual(malformed)
    })
  }

  it('survives any bytes, and credentials never hold NUL', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (message) => {
        const step = plain(message)
        if (step.kind !== 'credentials') return step.kind === 'malformed'
        return !step.login.includes('\0') && !step.password.includes(0)
      }),
    )
  })

  it('finds whatever login and password were sent', () => {
    const text = fc.string({ minLength: 1, unit: 'binary' }).filter((s) => !s.includes('\0'))
    fc.assert(
      fc.property(text, text, (login, password) => {
        expect(plain(`\0${login}\0${password}`)).toEqual({
          kind: 'credentials',
          login,
          password: bytes(password),
        })
      }),
    )
  })
})

describe('LOGIN', () => {
  it('asks for login and password', () => {
    const server = createSaslServer('LOGIN')
    expect(server.step(undefined)).toEqual({ kind: 'challenge', data: bytes('Username:') })
    expect(server.step(bytes('tim'))).toEqual({ kind: 'challenge', data: bytes('Password:') })
    expect(server.step(bytes('geheim'))).toEqual({
      kind: 'credentials',
      login: 'tim',
      password: bytes('geheim'),
    })
  })

  it('takes the login as initial response', () => {
    const server = createSaslServer('LOGIN')
    expect(server.step(bytes('tim'))).toEqual({ kind: 'challenge', data: bytes('Password:') })
    expect(server.step(bytes('geheim')).kind).toBe('credentials')
  })

  it('refuses an empty login, an empty password and NUL', () => {
    expect(createSaslServer('LOGIN').step(bytes(''))).toEqual(malformed)
    expect(createSaslServer('LOGIN').step(bytes('a\0b'))).toEqual(malformed)
    const server = createSaslServer('LOGIN')
    server.step(bytes('tim'))
    expect(server.step(bytes(''))).toEqual(malformed)
  })

  it('does not ask twice', () => {
    const server = createSaslServer('LOGIN')
    server.step(undefined)
    expect(server.step(undefined)).toEqual(malformed)
  })
})

describe('findMechanism', () => {
  it('knows names in any case', () => {
    const texts = ['plain', 'Login', 'scram-sha-256-plus', 'SCRAM-SHA-1', '', 'toString']
    expect(texts.map(findMechanism)).toEqual([
      'PLAIN',
      'LOGIN',
      'SCRAM-SHA-256-PLUS',
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('base64', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(decodeBase64(encodeBase64(data))).toEqual(Buffer.from(data))
      }),
    )
  })

  it('refuses everything that is not the one encoding of its bytes', () => {
    for (const text of [
      'dGlt*',
      'dGl',
      'dGl=',
      'dGlt ',
      ' dGlt',
      'dG\nlt',
      'dG-_',
      'd===',
      '=',
      '*',
      'dGlt=',
      'dGm=',
    ])
      expect(decodeBase64(text), text).toBeUndefined()
  })

  it('reads = as an empty initial response only', () => {
    expect(decodeInitialResponse('=')).toEqual(new Uint8Array())
    expect(decodeInitialResponse('dGlt')).toEqual(Buffer.from('tim'))
    expect(decodeBase64('')).toEqual(Buffer.alloc(0))
  })
})
