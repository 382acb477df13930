// ACM as far as an exportable certificate needs it: what it tells of the certificate, and the export with its key encrypted by the
// caller's passphrase.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ACMClient } from '@aws-sdk/client-acm'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { clientOptions, type FakeService, ServiceError, startJsonService } from './json-service.ts'

export type HeldCertificate = {
  status: 'PENDING_VALIDATION' | 'ISSUED'
  pair: CertificatePair
  /** PEM of the certificates above it. */
  chain: string
}

export interface FakeAcm extends AsyncDisposable {
  readonly service: FakeService
  readonly client: ACMClient
  readonly passphrases: string[]
}

export async function startAcm(arn: string, held: HeldCertificate): Promise<FakeAcm> {
  const passphrases: string[] = []
  const known = (input: { readonly [field: string]: unknown }) => {
    if (input.CertificateArn !== arn) throw new ServiceError('ResourceNotFoundException')
  }
  const service = await startJsonService({
    DescribeCertificate(input) {
      known(input)
      if (held.status !== 'ISSUED') return { Certificate: { Status: held.status } }
      return { Certificate: { Status: held.status, Serial: serialOf(held.pair) } }
    },
    ExportCertificate(input) {
      known(input)
      if (held.status !== 'ISSUED') throw new ServiceError('RequestInProgressException')
      const passphrase = Buffer.from(String(input.Passphrase), 'base64').toString('latin1')
      // What ACM allows.
      if (!/^[\x20-\x7e]{4,128}$/.test(passphrase) || /[#$%]/.test(passphrase)) {
        throw new ServiceError('ValidationException')
      }
      passphrases.push(passphrase)
      const key = createPrivateKey(held.pair.key)
      return {
        Certificate: held.pair.cert,
        CertificateChain: held.chain,
        PrivateKey: key.export({
          type: 'pkcs8',
          format: 'pem',
          cipher: 'aes-256-cbc',
          passphrase,
        }),
      }
    },
  })
  return {
    service,
    client: new ACMClient({ ...clientOptions, endpoint: service.endpoint, maxAttempts: 1 }),
    passphrases,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}

/** In ACM's notation: `0a:1b:…`. */
function serialOf({ cert }: CertificatePair): string {
  const { serialNumber } = new X509Certificate(cert)
  const digits = serialNumber.toLowerCase().padStart(Math.ceil(serialNumber.length / 2) * 2, '0')
  return digits.replace(/..(?=.)/g, '$&:')
}
