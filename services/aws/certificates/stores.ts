// The agent's two stores, each a secret of its own.

import type { AccountKeyStore, CertificateStore } from '#services/certificates/issuer.ts'
import {
  formatCertificateSecret,
  parseCertificateSecret,
} from '#shared/net/tls/certificate-secret.ts'
import type { Secret } from '../secrets.ts'

export function certificateStore(secret: Pick<Secret, 'read' | 'write'>): CertificateStore {
  return {
    async read() {
      const version = await secret.read()
      if (version === undefined) return undefined
      const reading = parseCertificateSecret(version.text)
      return reading.kind === 'usable' ? reading.pair : undefined
    },
    write: (pair) => secret.write(formatCertificateSecret(pair)),
  }
}

/** The secret holds the PEM; what does not look like one is the placeholder of the deployment. */
export function accountKeyStore(secret: Pick<Secret, 'read' | 'write'>): AccountKeyStore {
  return {
    async read() {
      const text = (await secret.read())?.text ?? ''
      return text.includes('PRIVATE KEY') ? text : undefined
    },
    write: (key) => secret.write(key),
  }
}
