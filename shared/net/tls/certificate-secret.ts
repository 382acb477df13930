// How certificate and key lie in one secret: JSON `{"certificate": "<PEM with its chain>", "key": "<PEM>"}`. Written by the
// certificate agent or by an operator, read by the listeners.

import { checkPair } from './certificate-files.ts'
import type { CertificatePair } from './certificate-source.ts'

export type CertificateSecret =
  | { readonly kind: 'usable'; readonly pair: CertificatePair }
  /** The reason quotes nothing of the secret. */
  | { readonly kind: 'unusable'; readonly reason: string }

export function formatCertificateSecret({ cert, key }: CertificatePair): string {
  return JSON.stringify({ certificate: cert, key })
}

/** Usable: TLS can be served with it. Names and dates are not looked at. */
export function parseCertificateSecret(text: string): CertificateSecret {
  const pair = pairIn(text)
  if (pair === undefined) {
    return { kind: 'unusable', reason: 'not a JSON object with the texts "certificate" and "key"' }
  }
  try {
    checkPair(pair)
  } catch (error) {
    return { kind: 'unusable', reason: error instanceof Error ? error.message : String(error) }
  }
  return { kind: 'usable', pair }
}

function pairIn(text: string): CertificatePair | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own words would quote the key.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const cert: unknown = Reflect.get(value, 'certificate')
  const key: unknown = Reflect.get(value, 'key')
  return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined
}
