import { describe, expect, it } from 'vitest'
import { accessKeyOf, formatAccessKey, parseAccessKey } from '#shared/directory/access-key.ts'
import { accessEntryKey } from '#shared/directory/access-records.ts'

const shown = (text: string) => {
  const key = parseAccessKey(text)
  return 'fault' in key ? key : `${key.kind} ${formatAccessKey(key)}`
}

describe('a key', () => {
  it.each([
    // Networks, as prefixes of octets and groups too
    ['192.0.2.1', 'network 192.0.2.1'],
    ['192.0.2.0/24', 'network 192.0.2.0/24'],
    ['192.0.2', 'network 192.0.2.0/24'],
    ['192.0.', 'network 192.0.0.0/16'],
    ['10', 'network 10.0.0.0/8'],
    ['2001:DB8::1', 'network 2001:db8::1'],
    ['2001:db8::/32', 'network 2001:db8::/32'],
    ['2001:db8', 'network 2001:db8::/32'],
    ['2001:db8:0:1:', 'network 2001:db8:0:1::/64'],
    ['::ffff:192.0.2.1', 'network 192.0.2.1'],
    ['0.0.0.0/0', 'network 0.0.0.0/0'],
    // Texts
    ['Example.NET', 'text example.net'],
    ['.example.net', 'text .example.net'],
    ['bücher.example', 'text xn--bcher-kva.example'],
    ['.bücher.example', 'text .xn--bcher-kva.example'],
    ['Ann+X@Bücher.example', 'text ann+x@xn--bcher-kva.example'],
    ['ann@', 'text ann@'],
    ['@example.net', 'text @example.net'],
    ['"a b"@example.net', 'text "a b"@example.net'],
    ['<>', 'text <>'],
    ['unknown', 'text unknown'],
    ['300', 'text 300'],
    ['AA:BB:CC:DD:EE:FF:00:11:22', 'text aa:bb:cc:dd:ee:ff:00:11:22'],
  ])('%s is %s', (text, wanted) => {
    expect(shown(text)).toBe(wanted)
  })

  it.each([
    ['', 'empty'],
    ['a b', 'characters'],
    ['a\0b', 'characters'],
    ['\ud800', 'characters'],
    ['192.0.2.1/24', 'network'],
    ['192.0.2.0/33', 'network'],
    ['2001:db8::1/32', 'network'],
    ['ä'.repeat(481), 'too-long'],
  ])('%j is none: %s', (text, fault) => {
    expect(shown(text)).toEqual({ fault })
  })

  it('is stored as it was by the first version', () => {
    const stored = (text: string) => accessEntryKey('t', accessKeyOf(text))
    expect(stored('Example.net')).toEqual({ pk: 'ACCESS#t', sk: 'K#example.net' })
    expect(stored('192.0.2.0/24')).toEqual({ pk: 'ACCESS#t', sk: 'N#v4/24#c0000200' })
    expect(stored('2001:db8::1')).toEqual({
      pk: 'ACCESS#t',
      sk: 'N#v6/128#20010db8000000000000000000000001',
    })
  })
})
