import type { X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { dnsNames } from '#services/delivery/remote/tls/certificate-chain.ts'

it.each([
  ['DNS:A.test, DNS:*.b.test, IP Address:192.0.2.1, URI:x', ['a.test', '*.b.test']],
  // What Node writes of names with commas, quotes and backslashes in them.
  ['DNS:"a, DNS:evil.test, b", DNS:c.test', ['c.test']],
  ['DNS:"a\\", DNS:evil.test, \\"b", DNS:c.test', ['c.test']],
  ['DNS:"a, DNS:evil.test', []],
  ['DNS:a b.test', []],
  ['', []],
])('of %s the names are %j', (subjectAltName, names) => {
  expect(dnsNames({ subjectAltName } as X509Certificate)).toEqual(names)
})
