// How certificate and key lie in one secret: JSON `{"certificate": "<PEM with its chain>", "key": "<PEM>"}`. Written by the
// certificate agent or by an operator, read by the listeners.

import { secretTexts } from '#shared/runtime/secret-texts.ts'
import type { CertificatePair } from './certificate.ts'
import { whyUnusable } from './certificate-files.ts'

export type CertificateSecret =
  | { readonly kind: 'usable'; readonly pair: CertificatePair }
  /** The reason quotes nothing of the secret. */
  | { readonly kind: 'unusable'; readonly reason: string }

export function formatCertificateSecret({ cert, key }: CertificatePair): string {
  return JSON.stringify({ certificate: cert, key })
}

/** Usable: TLS can be served with it. Names and dates are not looked at. */
export function parseCertificateSecret(text: string): CertificateSecret {
  const texts = secretTexts(text, ['certificate', 'key'])
  if (texts === undefined) {
    return { kind: 'unusable', reason: 'not a JSON object with the texts "certificate" and "key"' }
  }
  const pair = { cert: texts.certificate, key: texts.key }
  const reason = whyUnusable(pair)
  return reason === undefined ? { kind: 'usable', pair } : { kind: 'unusable', reason }
}
