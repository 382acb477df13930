// TLSA records (RFC 6698 §2.1), which of them a mail client uses (RFC 7672 §3.1), and what they say of a certificate.

import { createHash, type X509Certificate } from 'node:crypto'

export type TlsaRecord = {
  readonly usage: number
  readonly selector: number
  readonly matching: number
  readonly data: Uint8Array
}

export const DANE_TA = 2
export const DANE_EE = 3

/** RFC 6698 §2.1.3: 0 is the certificate or key itself. */
const digests = [undefined, { name: 'sha256', bytes: 32 }, { name: 'sha512', bytes: 64 }] as const

/**
 * RFC 7672 §3.1.3: usages 0 and 1 are no use to mail. Of several digests of one usage and selector the best counts alone (RFC 7671 §9),
 * beside what is given in full.
 */
export function usableRecords(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  const usable = records.filter(isUsable)
  const strongest = new Map<string, number>()
  for (const { usage, selector, matching } of usable) {
    const key = `${usage} ${selector}`
    strongest.set(key, Math.max(matching, strongest.get(key) ?? 0))
  }
  return usable.filter(
    ({ usage, selector, matching }) =>
      matching === 0 || matching === strongest.get(`${usage} ${selector}`),
  )
}

function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if (usage !== DANE_TA && usage !== DANE_EE) return false
  if (selector > 1 || matching >= digests.length || data.length === 0) return false
  const digest = digests[matching]
  return digest === undefined || data.length === digest.bytes
}

export function matchesRecord(certificate: X509Certificate, record: TlsaRecord): boolean {
  const subject =
    record.selector === 0
      ? certificate.raw
      : certificate.publicKey.export({ type: 'spki', format: 'der' })
  const digest = digests[record.matching]
  const value = digest === undefined ? subject : createHash(digest.name).update(subject).digest()
  return Buffer.compare(value, record.data) === 0
}

/** As it is written in a zone, for reports and logs. */
export function formatRecord({ usage, selector, matching, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matching} ${Buffer.from(data).toString('hex').toUpperCase()}`
}
