import { describe, expect, it } from 'vitest'
import { type ListedItem, queryLabels, queryName } from '#services/policy/dns-lists/query-name.ts'

describe('what is asked of a DNS list', () => {
  it.each<[ListedItem['kind'], string, string | undefined]>([
    // RFC 5782 §2.1, §2.4
    ['address', '192.0.2.99', '99.2.0.192'],
    [
      'address',
      '2001:db8:1:2:3:4:567:89ab',
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2',
    ],
    ['address', '::ffff:192.0.2.99', '99.2.0.192'],
    ['address', 'fe80::1%eth0', undefined],
    ['address', '', undefined],
    ['address', 'mail.example.test', undefined],
    ['domain', 'Mail.Example.test.', 'mail.example.test'],
    ['domain', 'bücher.test', 'xn--bcher-kva.test'],
    ['domain', 'host', 'host'],
    ['domain', '[192.0.2.1]', undefined],
    ['domain', '[IPv6:2001:db8::1]', undefined],
    ['domain', '192.0.2.1', undefined],
    ['domain', 'example.123', undefined],
    ['domain', 'unknown', undefined],
    ['domain', '', undefined],
    ['domain', 'a b.test', undefined],
    ['domain', `${'a'.repeat(64)}.test`, undefined],
  ])('%s %j is %j', (kind, text, expected) => {
    expect(queryLabels({ kind, text })).toBe(expected)
  })

  it('is no longer than a name may be', () => {
    const labels = `${'a'.repeat(60)}.`.repeat(4).slice(0, -1)
    expect(queryName(labels, 'abcd.test')).toHaveLength(253)
    expect(queryName(labels, 'abcde.test')).toBeUndefined()
  })
})
