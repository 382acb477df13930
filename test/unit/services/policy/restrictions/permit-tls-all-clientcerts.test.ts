import { expect, it } from 'vitest'
import { permit_tls_all_clientcerts } from '#services/policy/restrictions/permit-tls-all-clientcerts.ts'
import { judgeWord, knownOfClient, stranger, told } from '#test/support/policy-facts.ts'

const certificate = { subject: 'a', issuer: 'b', fingerprint: 'c', verified: true }

it.each([
  [certificate, 'permit'],
  [{ ...certificate, verified: false }, 'dunno'],
  [null, 'dunno'],
  [undefined, 'dunno'],
])('permit_tls_all_clientcerts: %j', async (clientCertificate, decision) => {
  const tls = {
    protocol: 'TLSv1.3',
    cipher: 'x',
    ...(clientCertificate !== undefined && { clientCertificate }),
  }
  const facts = knownOfClient({ origin: { ...stranger, tls } })
  expect(await told(judgeWord(permit_tls_all_clientcerts, facts))).toBe(decision)
  expect(await told(judgeWord(permit_tls_all_clientcerts, knownOfClient()))).toBe('dunno')
})
