import { describe, expect, it } from 'vitest'
import { displayDomain, isOwnDomain, literalAddress, parseDomain } from '#shared/mail/domain.ts'

function parsed(text: string) {
  const domain = parseDomain(text)
  if (domain === undefined) throw new Error(`${text} is no domain`)
  return domain
}

describe('parseDomain', () => {
  it.each([
    ['Example.TEST', 'example.test'],
    ['localhost', 'localhost'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['XN--bcher-kva.example', 'xn--bcher-kva.example'],
    ['straße.example', 'xn--strae-oqa.example'],
    ['a1-b--2.example', 'a1-b--2.example'],
    ['1.example', '1.example'],
    // no host names, but in use
    ['a_b.example', 'a_b.example'],
    ['_a._B.example', '_a._b.example'],
    ['ü_1.example', 'xn--_1-wka.example'],
    ['[192.0.2.1]', '[192.0.2.1]'],
    ['[ipv6:2001:DB8:0::1]', '[IPv6:2001:db8::1]'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('writes %s as %s', (text, canonical) => {
    expect(parseDomain(text)).toBe(canonical)
  })

  it.each([
    [''],
    ['.'],
    ['example.'],
    ['.example'],
    ['a..b'],
    ['-a.example'],
    ['a-.example'],
    ['a b.example'],
    ['a\0.example'],
    ['192.0.2.1'],
    ['example.1'],
    // what a URL parser would bend into a domain
    ['ü%41.example'],
    ['ü.example/x'],
    ['ü.example:25'],
    ['ü@x.example'],
    ['１２.３'],
    [`${'a'.repeat(64)}.example`],
    [`${'a.'.repeat(126)}ab`],
    ['[192.0.2]'],
    ['[192.0.2.1'],
    ['[2001:db8::1]'],
    ['[IPv6:fe80::1%eth0]'],
    ['[IPv6:192.0.2.1]'],
    ['[]'],
  ])('refuses %j', (text) => {
    expect(parseDomain(text)).toBeUndefined()
  })

  it('takes a domain of 253 characters', () => {
    expect(parseDomain(`${'a.'.repeat(126)}a`)).toHaveLength(253)
  })
})

describe('isOwnDomain', () => {
  it('wants host names, which others can look up', () => {
    expect(isOwnDomain(parsed('example.test'))).toBe(true)
    expect(isOwnDomain(parsed('a_b.example'))).toBe(false)
  })
})

describe('literalAddress', () => {
  it('is the address inside the brackets, and nothing for a name', () => {
    expect(literalAddress(parsed('[192.0.2.1]'))).toBe('192.0.2.1')
    expect(literalAddress(parsed('[IPv6:2001:db8::1]'))).toBe('2001:db8::1')
    expect(literalAddress(parsed('example.test'))).toBeUndefined()
  })
})

describe('displayDomain', () => {
  it('shows U-labels', () => {
    expect(displayDomain(parsed('xn--bcher-kva.example'))).toBe('bücher.example')
    expect(displayDomain(parsed('example.test'))).toBe('example.test')
  })
})
