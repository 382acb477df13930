import { describe, expect, it } from 'vitest'
import {
  addressKeys,
  domainKeys,
  isSenderRouted,
  PARENT_DOMAINS_MAX,
} from '#shared/directory/access-questions.ts'

describe('keys of a name', () => {
  it('are the name and its parents, down to the top-level domain', () => {
    expect(domainKeys('Mail.Example.test')).toEqual([
      'mail.example.test',
      '.example.test',
      'example.test',
      '.test',
      'test',
    ])
    expect(domainKeys('unknown')).toEqual(['unknown'])
  })

  it.each(['192.0.2.1', '[192.0.2.1]', '[ipv6:2001:db8::1]', '2001:db8::1'])(
    'are it alone where it is a number: %s',
    (name) => {
      expect(domainKeys(name)).toEqual([name])
    },
  )

  it('of very many labels are the name and its shortest parents', () => {
    const keys = domainKeys(`${'a.'.repeat(100)}test`)
    expect(keys).toHaveLength(1 + 2 * PARENT_DOMAINS_MAX)
    expect(keys.slice(-4)).toEqual(['.a.test', 'a.test', '.test', 'test'])
  })
})

describe('keys of an address', () => {
  it('are the address, its domain, its local part; with the extension and without', () => {
    expect(addressKeys('Ann+News@Example.test', '+')).toEqual([
      'ann+news@example.test',
      'ann@example.test',
      'example.test',
      '.test',
      'test',
      'ann+news@',
      'ann@',
    ])
  })

  it('know no extension where none is delimited', () => {
    expect(addressKeys('ann+news@example.test', '')).toEqual([
      'ann+news@example.test',
      'example.test',
      '.test',
      'test',
      'ann+news@',
    ])
  })

  it('of the null sender are <>', () => {
    expect(addressKeys('', '+')).toEqual(['<>'])
  })

  it.each([
    ['ann@[192.0.2.1]', ['ann@[192.0.2.1]', '[192.0.2.1]', 'ann@']],
    ['"a+b c"@example.test', ['"a+b c"@example.test', 'example.test', '.test', 'test', '"a+b c"@']],
    ['ann', ['ann', 'ann@']],
    ['a b@example.test', ['a b@example.test', 'example.test', '.test', 'test', 'a b@']],
    ['ann@bücher.test', ['ann@xn--bcher-kva.test', 'xn--bcher-kva.test', '.test', 'test', 'ann@']],
  ])('of %s', (text, keys) => {
    expect(addressKeys(text, '+')).toEqual(keys)
  })
})

it.each([
  ['ann', false],
  ['ann+x', false],
  ['a%b.test', true],
  ['b.test!a', true],
  ['a@b.test', true],
])('the local part %s says the way: %s', (local, is) => {
  expect(isSenderRouted(local)).toBe(is)
})
