import { describe, expect, it } from 'vitest'
import { permit_tls_clientcerts } from '#services/policy/restrictions/permit-tls-clientcerts.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { fingerprintTables } from '#shared/settings/restrictions/table-kinds.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { judgeWord, known, stranger } from '#test/support/policy-facts.ts'

const print = (pair: string) => Array.from({ length: 32 }, () => pair).join(':')

function decide(relayClientcerts: string, origin: Origin) {
  return judgeWord(permit_tls_clientcerts, known({ origin }), {
    accessTables: fakeAccessTables({ certs: { [print('CC')]: 'ann' } }),
    settings: { relayClientcerts: fingerprintTables.parse(relayClientcerts) ?? [] },
  })
}

function withCertificate(fingerprint: string, publicKeyFingerprint: string): Origin {
  const names = { subject: 'c', issuer: 'c', verified: false }
  const clientCertificate = { ...names, fingerprint, publicKeyFingerprint }
  return { ...stranger, tls: { protocol: 'TLSv1.3', cipher: 'x', clientCertificate } }
}
const permit = { kind: 'permit' }
const dunno = { kind: 'dunno' }

describe('permit_tls_clientcerts', () => {
  it('lets relay whose certificate or public key is in relayClientcerts, on the spot or in a table', async () => {
    const list = `${print('aa')}, table:certs`
    expect(await decide(list, withCertificate(print('AA'), print('11')))).toEqual(permit)
    expect(await decide(list, withCertificate(print('11'), print('AA')))).toEqual(permit)
    expect(await decide(list, withCertificate(print('CC'), print('11')))).toEqual(permit)
    expect(await decide(list, withCertificate(print('BB'), print('11')))).toEqual(dunno)
  })

  it('says nothing without a certificate, or without such a list', async () => {
    const ours = withCertificate(print('AA'), print('11'))
    expect(await decide(print('AA'), stranger)).toEqual(dunno)
    expect(await decide('', ours)).toEqual(dunno)
  })
})
