// Why clients may refuse a certificate that TLS can be served with: said at the start, once a day after that, and by `config check`.

import { X509Certificate } from 'node:crypto'
import type { CertificatePair } from './certificate.ts'
import { daysLeft } from './days-left.ts'

/** Renewal is late then: what renews by itself does so 30 days ahead. */
export const WARN_DAYS = 14

export function certificateWarnings(
  pair: Pick<CertificatePair, 'cert'>,
  hostname: string,
  nowMs: number,
): string[] {
  const certificate = new X509Certificate(pair.cert)
  const { validFromDate, validToDate } = certificate
  const warnings: string[] = []
  const left = daysLeft(pair, nowMs)
  if (left < 0) warnings.push(`it expired on ${day(validToDate)}`)
  else if (left < WARN_DAYS) warnings.push(`it expires on ${day(validToDate)}`)
  if (validFromDate.getTime() > nowMs) warnings.push(`it is valid only from ${day(validFromDate)}`)
  // RFC 9525 §2: names of the subject count no more.
  if (certificate.checkHost(hostname, { subject: 'never' }) === undefined) {
    const names = certificate.subjectAltName ?? 'no name'
    warnings.push(`it is not for ${hostname} (hostname), but for ${names}`)
  }
  return warnings
}

const day = (date: Date) => date.toISOString().slice(0, 10)
