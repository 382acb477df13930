import { describe, expect, it } from 'vitest'
import { formatNextHop, isSameHop, parseNextHop } from '#shared/mail/next-hop.ts'

describe('parseNextHop', () => {
  it.each([
    ['example.test', { host: 'example.test', port: 25, lookUpMx: true }],
    ['Example.test:2525', { host: 'example.test', port: 2525, lookUpMx: true }],
    ['bücher.example', { host: 'xn--bcher-kva.example', port: 25, lookUpMx: true }],
    ['[mail.example.test]', { host: 'mail.example.test', port: 25, lookUpMx: false }],
    ['[mail.example.test]:587', { host: 'mail.example.test', port: 587, lookUpMx: false }],
    ['[192.0.2.1]:26', { host: '192.0.2.1', port: 26, lookUpMx: false }],
    ['[2001:db8::1]', { host: '2001:db8::1', port: 25, lookUpMx: false }],
    ['[IPv6:2001:db8::1]:26', { host: '2001:db8::1', port: 26, lookUpMx: false }],
  ])('reads %s', (text, hop) => {
    expect(parseNextHop(text)).toEqual(hop)
  })

  it.each([[''], ['a b'], ['[]'], ['[a'], ['a:0'], ['a:65536'], ['a:x'], ['192.0.2.1']])(
    'refuses %j',
    (text) => {
      expect(parseNextHop(text)).toBeUndefined()
    },
  )
})

describe('formatNextHop', () => {
  it.each([
    ['Example.test:25', 'example.test'],
    ['example.test:2525', 'example.test:2525'],
    ['[mail.example.test]:25', '[mail.example.test]'],
    ['[mail.example.test]:587', '[mail.example.test]:587'],
    ['[192.0.2.1]', '[192.0.2.1]'],
    ['[IPv6:2001:db8::1]:26', '[2001:db8::1]:26'],
  ])('writes %s as %s, which reads the same', (text, written) => {
    const hop = parseNextHop(text)
    if (hop === undefined) throw new Error(text)
    expect(formatNextHop(hop)).toBe(written)
    expect(parseNextHop(written)).toEqual(hop)
  })
})

describe('isSameHop', () => {
  const hop = { host: 'a.test', port: 25, lookUpMx: true }

  it.each([
    [hop, true],
    [{ ...hop, host: 'b.test' }, false],
    [{ ...hop, port: 587 }, false],
    [{ ...hop, lookUpMx: false }, false],
  ])('of %j: %s', (other, isSame) => {
    expect(isSameHop(hop, other)).toBe(isSame)
  })
})
