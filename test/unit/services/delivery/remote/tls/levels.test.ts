import { describe, expect, it } from 'vitest'
import { matchedNames, parsePolicyEntry } from '#services/delivery/remote/tls/levels.ts'
import { certificateFingerprints, tlsProtocols } from '#shared/settings/tls-kinds.ts'

const nothing = {
  match: undefined,
  protocols: undefined,
  ciphers: undefined,
  servername: undefined,
}
const AB = Array.from({ length: 32 }, () => 'AB').join(':')
const CD = AB.replaceAll('AB', 'cd')

describe('an entry of smtp_tls_policy_maps', () => {
  it.each([
    ['none', { level: 'none' }],
    ['  may  ', { level: 'may' }],
    ['dane-only', { level: 'dane-only' }],
    [
      'secure match=example.net:.example.net:nexthop',
      { level: 'secure', match: ['example.net', '.example.net', 'nexthop'] },
    ],
    [
      'verify match=hostname match=Other.Example',
      { level: 'verify', match: ['hostname', 'other.example'] },
    ],
    [
      `fingerprint match=${AB}|${CD}`,
      { level: 'fingerprint', match: ['ab'.repeat(32), 'cd'.repeat(32)] },
    ],
    [
      'encrypt protocols=>=TLSv1.2 ciphers=high',
      { level: 'encrypt', protocols: { min: 'TLSv1.2', max: 'TLSv1.3' }, ciphers: 'high' },
    ],
    [
      'encrypt protocols=!SSLv2:!SSLv3:!TLSv1 ciphers=export',
      { level: 'encrypt', protocols: { min: 'TLSv1.1', max: 'TLSv1.3' }, ciphers: 'medium' },
    ],
    ['encrypt servername=nexthop', { level: 'encrypt', servername: 'nexthop' }],
    ['encrypt servername=mx.example.net', { level: 'encrypt', servername: 'mx.example.net' }],
  ])('%s', (text, entry) => {
    expect(parsePolicyEntry(text)).toEqual({ ...nothing, ...entry })
  })

  it.each([
    ['', "'' is no TLS level"],
    ['securre', "'securre' is no TLS level"],
    ['secure mtach=x.test', "'mtach=x.test' is no attribute of a TLS policy"],
    ['encrypt high', "'high' is no attribute of a TLS policy"],
    ['encrypt match=x.test', 'encrypt has no names to match'],
    ['secure match=', "'' is no name to match"],
    ['fingerprint', 'fingerprint needs match=fingerprint'],
    ['fingerprint match=AB:CD', "'AB:CD' is no SHA-256 fingerprint"],
    ['encrypt protocols=TLSv9', "'TLSv9' are no protocols"],
    ['encrypt ciphers=best', "'best' is no grade of ciphers"],
    [
      `secure match=${Array.from({ length: 101 }, (_, i) => `a${i}.test`).join(':')}`,
      'more than 100 names or fingerprints',
    ],
  ])('%s is none', (text, why) => {
    expect(parsePolicyEntry(text)).toBe(why)
  })

  it('names what the names stand for', () => {
    const match = ['nexthop', 'dot-nexthop', 'hostname', '.x.test']
    expect(matchedNames(match, { host: 'mx.b.test', nextHop: 'a.test' })).toEqual([
      'a.test',
      '.a.test',
      'mx.b.test',
      '.x.test',
    ])
  })
})

describe('TLS versions', () => {
  it.each([
    ['>=TLSv1.2', '>=TLSv1.2'],
    ['TLSv1.2', '>=TLSv1.2, <=TLSv1.2'],
    ['>=TLSv1, <=TLSv1.2', '>=TLSv1, <=TLSv1.2'],
    ['!SSLv2, !SSLv3, !TLSv1, !TLSv1.1', '>=TLSv1.2'],
    ['TLSv1.2 TLSv1.3', '>=TLSv1.2'],
    ['', '>=TLSv1'],
  ])('%s', (text, written) => {
    const range = tlsProtocols.parse(text)
    expect(range && tlsProtocols.format(range)).toBe(written)
    expect(tlsProtocols.parse(written)).toEqual(range)
  })

  it.each(['TLSv1.4', '>TLSv1', '!TLSv1.1', 'TLSv1 TLSv1.3', '>=TLSv1.3, <=TLSv1.2'])(
    'not %s',
    (text) => {
      expect(tlsProtocols.parse(text)).toBeUndefined()
    },
  )
})

describe('fingerprints', () => {
  it('are pairs, with colons or without', () => {
    const parsed = certificateFingerprints.parse(`${AB}, ${'cd'.repeat(32)}`)
    expect(parsed).toEqual(['ab'.repeat(32), 'cd'.repeat(32)])
    expect(certificateFingerprints.format(parsed ?? [])).toBe(`${AB}, ${CD.toUpperCase()}`)
  })

  it('are SHA-256', () => {
    expect(certificateFingerprints.parse('AB:CD')).toBeUndefined()
  })
})
