import { describe, expect, it } from 'vitest'
import { AcmIssuer } from '#services/aws/certificates/acm-issuer.ts'
import { certificateStore } from '#services/aws/certificates/stores.ts'
import { Secret } from '#services/aws/secrets.ts'
import { renewCertificate } from '#services/certificates/agent.ts'
import { parseCertificateSecret } from '#shared/net/tls/certificate-secret.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type HeldCertificate, startAcm } from '#test/support/acme/acm.ts'
import { ServiceError } from '#test/support/acme/json-service.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { openSecrets } from '#test/support/acme/secrets-manager.ts'

const certificateArn =
  'arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-4000-8000-000000000000'
const hostname = 'mail.example.test'
const now = new Date('2026-01-01T00:00:00Z')

async function prepared() {
  const held: HeldCertificate = {
    status: 'ISSUED',
    pair: makeSelfSigned(hostname, now),
    chain: makeSelfSigned('ca.example.test', now).cert,
  }
  const acm = await startAcm(certificateArn, held)
  const secrets = await openSecrets(['tls'])
  const log = recordedLog()
  return {
    held,
    acm,
    secrets,
    log,
    run: () =>
      renewCertificate({
        hostname,
        issuer: new AcmIssuer({ client: acm.client, certificateArn, log }),
        store: certificateStore(new Secret(secrets.client, 'tls')),
        clock: { now: () => now.getTime(), sleep: async () => {} },
        log: silentLog,
      }),
    async [Symbol.asyncDispose]() {
      await acm[Symbol.asyncDispose]()
      await secrets[Symbol.asyncDispose]()
    },
  }
}

describe('AcmIssuer', () => {
  it('exports the certificate with its chain and its key in clear', async () => {
    await using test = await prepared()
    expect(await test.run()).toEqual({ kind: 'renewed' })
    expect(test.acm.service.calls).toEqual(['DescribeCertificate', 'ExportCertificate'])
    const { cert, key } = test.held.pair
    expect(parseCertificateSecret(test.secrets.text('tls') ?? '')).toEqual({
      kind: 'usable',
      pair: { cert: cert + test.held.chain, key },
    })
  })

  it('exports nothing while the serial number is the same', async () => {
    await using test = await prepared()
    await test.run()
    const stored = test.secrets.text('tls')
    expect(await test.run()).toEqual({ kind: 'kept' })
    expect(test.acm.passphrases).toHaveLength(1)
    expect(test.secrets.text('tls')).toBe(stored)
  })

  it('exports what ACM renewed, with another passphrase', async () => {
    await using test = await prepared()
    await test.run()
    test.held.pair = makeSelfSigned(hostname, now)
    expect(await test.run()).toEqual({ kind: 'renewed' })
    expect(test.secrets.text('tls')).toContain(JSON.stringify(test.held.pair.key))
    expect(new Set(test.acm.passphrases).size).toBe(2)
  })

  it('waits while the certificate is not issued', async () => {
    await using test = await prepared()
    test.held.status = 'PENDING_VALIDATION'
    expect(await test.run()).toEqual({ kind: 'waiting', reason: 'no usable certificate' })
    expect(test.acm.service.calls).toEqual(['DescribeCertificate'])
    expect(test.log.lines).toEqual(['warn ACM has not issued the certificate'])
    expect(test.secrets.text('tls')).toBeUndefined()
  })

  it('never logs the passphrase or the key, and fails when ACM does', async () => {
    await using test = await prepared()
    await test.run()
    expect(JSON.stringify(test.log.fields)).not.toContain(test.acm.passphrases[0])
    test.acm.service.failing = new ServiceError('ThrottlingException')
    await expect(test.run()).rejects.toThrow('DescribeCertificate: ThrottlingException')
  })
})
