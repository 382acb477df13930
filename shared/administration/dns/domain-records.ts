// What an administrator has to publish for a domain, with what is published now.

import { createHash, X509Certificate } from 'node:crypto'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { AdministrationDeps } from '../deps.ts'
import { parseOwnDomain } from '../fields.ts'
import { noSuchDomain } from '../listing.ts'
import type { BadValue, NoSuchDomain } from '../refusals.ts'
import { type PublishedState, publishedState } from './published.ts'
import { stsPolicyText } from './sts-policy.ts'
import { type WantedRecord, wantedRecords } from './wanted-records.ts'

export interface DnsAdministration {
  records(request: RecordsRequest): Promise<DomainRecords | BadValue | NoSuchDomain>
}

export type RecordsRequest = {
  readonly domain: string
  /** PEM: what SMTP shows; undefined where it is not known here. */
  readonly certificate?: string | undefined
  /** Whether the DNS is asked what it has. */
  readonly check: boolean
}

export type DomainRecords = {
  readonly kind: 'records'
  readonly domain: string
  readonly records: readonly CheckedRecord[]
  /** What `mta-sts.<domain>` is to serve; undefined for nothing. */
  readonly stsPolicy: string | undefined
}

export type CheckedRecord = WantedRecord & {
  /** Undefined where nobody asked. */
  readonly published: PublishedState | undefined
}

/** Questions to the DNS at once. */
const ASKED_AT_ONCE = 8

export function createDnsAdministration(deps: AdministrationDeps): DnsAdministration {
  const { directory, keyUpkeep, settings, readRecords } = deps
  return {
    async records({ domain: text, certificate, check }) {
      const parsed = parseOwnDomain(text)
      if (parsed.kind !== 'ok') return parsed
      const domain = parsed.value
      if ((await directory.domains.get(domain)) === undefined) return noSuchDomain(text)
      const keys = await keyUpkeep.make(domain)
      const facts = { domain, keys, certificateKeyHash: keyHashOf(certificate) }
      const wanted = wantedRecords(facts, settings)
      const records = await concurrently(wanted, ASKED_AT_ONCE, async (record) => {
        const published = check ? await publishedState(record, readRecords) : undefined
        return { ...record, published }
      })
      return { kind: 'records', domain, records, stsPolicy: stsPolicyText(settings) }
    },
  }
}

/** RFC 6698 §2.1: of the SubjectPublicKeyInfo. */
function keyHashOf(certificate: string | undefined): string | undefined {
  if (certificate === undefined) return undefined
  try {
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
    return createHash('sha256').update(spki).digest('hex')
  } catch {
    return undefined
  }
}
