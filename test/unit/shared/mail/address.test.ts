import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  formatAddress,
  lookupKey,
  mayBeOwn,
  parseAddress,
  splitExtension,
} from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'

function parsed(text: string) {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`${text} is no address`)
  return address
}

describe('parseAddress', () => {
  it.each([
    ['bob@Example.TEST', 'bob', 'example.test'],
    ['Bob.Smith+x@example.test', 'Bob.Smith+x', 'example.test'],
    ["o'hara!#$%&*/=?^_`{|}~@example.test", "o'hara!#$%&*/=?^_`{|}~", 'example.test'],
    ['"bob"@example.test', 'bob', 'example.test'],
    ['"john doe"@example.test', 'john doe', 'example.test'],
    ['"a@b"@example.test', 'a@b', 'example.test'],
    ['""@example.test', '', 'example.test'],
    ['.a@b_c.test', '.a', 'b_c.test'],
    ['"a\\"b\\\\c\\d"@example.test', 'a"b\\cd', 'example.test'],
    ['bob@[192.0.2.1]', 'bob', '[192.0.2.1]'],
    // RFC 6531: UTF-8 in both parts; the local part in NFC
    ['josé@bücher.example', 'josé', 'xn--bcher-kva.example'],
    ['jose\u0301@example.test', 'josé', 'example.test'],
    ['"jo sé"@example.test', 'jo sé', 'example.test'],
    // not dot-strings, but in use
    ['a..b.@example.test', 'a..b.', 'example.test'],
  ])('reads %s', (text, local, domain) => {
    expect(parseAddress(text)).toEqual({ local, domain })
  })

  it.each([
    [''],
    ['bob'],
    ['@example.test'],
    ['bob@'],
    ['a@b@example.test'],
    ['a b@example.test'],
    ['<bob@example.test>'],
    ['bob@example.test '],
    ['"bob@example.test'],
    ['"a"b@example.test'],
    ['"a"b"@example.test'],
    ['"a\tb"@example.test'],
    ['a\r\nb@example.test'],
    ['a\u0085b@example.test'],
    ['a\ud800@example.test'],
    ['bob@exa mple.test'],
    ['a,b@example.test'],
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('limits the whole address to 640 octets, not characters, and no part of it', () => {
    const domain = '@example.test'
    const most = 640 - domain.length
    expect(parseAddress(`${'a'.repeat(most)}${domain}`)).toBeDefined()
    expect(parseAddress(`${'a'.repeat(most + 1)}${domain}`)).toBeUndefined()
    expect(parseAddress(`a${'é'.repeat((most - 1) / 2)}${domain}`)).toBeDefined()
    expect(parseAddress(`aa${'é'.repeat((most - 1) / 2)}${domain}`)).toBeUndefined()
    // the quotes count
    expect(parseAddress(`"${' '.repeat(most - 2)}"${domain}`)).toBeDefined()
    expect(parseAddress(`"${' '.repeat(most - 1)}"${domain}`)).toBeUndefined()
  })

  it('leaves room for the key that its local part is', () => {
    // İ becomes i with a dot above it, which is half as long again.
    const address = parsed(`${'İ'.repeat(310)}@a.test`)
    expect(Buffer.byteLength(`L#${lookupKey(address.local)}`)).toBeLessThanOrEqual(1_024)
  })

  it('adds the default domain where there is none', () => {
    const domain = parseDomain('example.test')
    expect(parseAddress('postmaster', domain)).toEqual({ local: 'postmaster', domain })
    expect(parseAddress('"a b"', domain)).toEqual({ local: 'a b', domain })
    expect(parseAddress('a@', domain)).toBeUndefined()
    expect(parseAddress('a@other.test', domain)?.domain).toBe('other.test')
  })

  it('normalizes nothing that is too long to be an address', () => {
    // Each of the two marks goes before the other, so that sorting them costs the square of their number.
    const marks = '\u0315\u0300'
    const normalize = vi.spyOn(String.prototype, 'normalize')
    const address = (pairs: number) => `a${marks.repeat(pairs)}@example.test`
    expect(parseAddress(address(10))).toBeDefined()
    expect(normalize).toHaveBeenCalled()
    normalize.mockClear()
    expect(parseAddress(address(100_000))).toBeUndefined()
    expect(parseAddress(`"${address(100_000)}`)).toBeUndefined()
    expect(normalize).not.toHaveBeenCalled()
    normalize.mockRestore()
  })
})

describe('mayBeOwn', () => {
  it.each([
    [`${'a'.repeat(64)}@example.test`, true],
    [`${'a'.repeat(65)}@example.test`, false],
    [`${'é'.repeat(32)}@example.test`, true],
    [`${'é'.repeat(33)}@example.test`, false],
    // the quotes count
    [`"${' '.repeat(62)}"@example.test`, true],
    [`"${' '.repeat(63)}"@example.test`, false],
    ['""@example.test', false],
    ['a@b_c.test', false],
  ])('of %s is %s', (text, allowed) => {
    expect(mayBeOwn(parsed(text))).toBe(allowed)
  })
})

describe('formatAddress', () => {
  it.each([
    ['bob@example.test', 'bob@example.test'],
    ['"bob"@example.test', 'bob@example.test'],
    ['"a b"@example.test', '"a b"@example.test'],
    ['"a\\"\\\\"@example.test', '"a\\"\\\\"@example.test'],
    ['a..b@example.test', '"a..b"@example.test'],
    ['.a@example.test', '".a"@example.test'],
    ['""@example.test', '""@example.test'],
    ['josé@bücher.example', 'josé@xn--bcher-kva.example'],
  ])('writes %s as %s', (text, formatted) => {
    expect(formatAddress(parsed(text))).toBe(formatted)
  })

  it('is read back as the same address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (local) => {
        const quoted = `"${local.replace(/["\\]/g, '\\$&')}"@example.test`
        const address = parseAddress(quoted)
        if (address !== undefined) expect(parseAddress(formatAddress(address))).toEqual(address)
      }),
    )
  })
})

describe('a text that is too long for any address', () => {
  it('is refused before it is looked at', () => {
    // "\a" is written a: only its spelling is long.
    const quoted = (escapes: number) => `"${'\\a'.repeat(64)}"@${'a'.repeat(escapes)}`
    expect(parseAddress(quoted(60))).toBeDefined()
    expect(parseAddress(`"${'\\a'.repeat(1_000_000)}"@example.test`)).toBeUndefined()
    expect(parseAddress(`${'a'.repeat(1_000_000)}@example.test`)).toBeUndefined()
    expect(parseAddress(`a@${'a.'.repeat(1_000_000)}test`)).toBeUndefined()
  })
})

describe('lookupKey', () => {
  it('makes no difference of case and composition', () => {
    expect(lookupKey('BOB.É')).toBe(lookupKey('bob.e\u0301'))
    expect(lookupKey('İ')).toBe(lookupKey('İ').normalize('NFC'))
  })
})

describe('splitExtension', () => {
  it.each([
    ['bob', '+', 'bob', null],
    ['bob+work', '+', 'bob', 'work'],
    ['bob+work+more', '+', 'bob', 'work+more'],
    ['bob+', '+', 'bob', ''],
    ['+work', '+', '+work', null],
    ['++work', '+', '+', 'work'],
    ['bob+work', '', 'bob+work', null],
    ['bob-a+b', '+-', 'bob', 'a+b'],
  ])('splits %s at one of "%s"', (local, delimiters, base, extension) => {
    expect(splitExtension(local, delimiters)).toEqual({ base, extension })
  })
})
