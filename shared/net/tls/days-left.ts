import { X509Certificate } from 'node:crypto'
import type { CertificatePair } from './certificate.ts'

const DAY_MS = 24 * 3_600_000

/** Days until the certificate expires, with their fraction; negative after that. For metrics and for whoever renews it. */
export function daysLeft({ cert }: Pick<CertificatePair, 'cert'>, nowMs: number): number {
  return (new X509Certificate(cert).validToDate.getTime() - nowMs) / DAY_MS
}
