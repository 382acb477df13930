// The certificate that ACM issues and renews, as an exportable public certificate. It is exported only when its serial number is
// not the stored one's, with a passphrase that exists for one call.

import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import {
  type ACMClient,
  DescribeCertificateCommand,
  ExportCertificateCommand,
} from '@aws-sdk/client-acm'
import type { CertificateIssuer } from '#services/certificates/issuer.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { privateKeyPem } from '#shared/net/tls/private-key.ts'
import type { Log } from '#shared/runtime/log.ts'
import { calling } from '#shared/storage/aws/failures.ts'

export type AcmIssuerOptions = {
  readonly client: ACMClient
  readonly certificateArn: string
  readonly log: Log
}

const PASSPHRASE_BYTES = 32

export class AcmIssuer implements CertificateIssuer {
  /** Looking is free, and a certificate that ACM renewed is taken at once. */
  readonly asked = 'always'
  readonly #options: AcmIssuerOptions

  constructor(options: AcmIssuerOptions) {
    this.#options = options
  }

  async issue(current: CertificatePair | undefined): Promise<CertificatePair | undefined> {
    const { client, certificateArn, log } = this.#options
    const request = new DescribeCertificateCommand({ CertificateArn: certificateArn })
    const { Certificate } = await calling('DescribeCertificate', client.send(request))
    const { Status: status, Serial: serial } = Certificate ?? {}
    if (status !== 'ISSUED' || serial === undefined) {
      log.warn({ certificateArn, status }, 'ACM has not issued the certificate')
      return undefined
    }
    if (current !== undefined && isSerialOf(serial, current)) return undefined
    return this.#export()
  }

  async #export(): Promise<CertificatePair> {
    const { client, certificateArn } = this.#options
    // ACM refuses `#`, `$` and `%` in it.
    const passphrase = randomBytes(PASSPHRASE_BYTES).toString('base64url')
    const request = new ExportCertificateCommand({
      CertificateArn: certificateArn,
      Passphrase: Buffer.from(passphrase),
    })
    const exported = await calling('ExportCertificate', client.send(request))
    const key = createPrivateKey({ key: exported.PrivateKey ?? '', passphrase })
    return {
      cert: join([exported.Certificate ?? '', exported.CertificateChain ?? '']),
      key: privateKeyPem(key),
    }
  }
}

function join(pems: readonly string[]): string {
  return pems.map((pem) => (pem === '' ? '' : `${pem.trim()}\n`)).join('')
}

/** ACM writes `0a:1b:…`, Node `0A1B…`. */
function isSerialOf(serial: string, { cert }: CertificatePair): boolean {
  return number(serial) === number(new X509Certificate(cert).serialNumber)
}

function number(serial: string): bigint {
  return BigInt(`0x${serial.replaceAll(':', '')}`)
}
