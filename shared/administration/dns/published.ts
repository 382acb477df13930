// What the DNS says of a record now, beside what it is to say.

import type { DnsAnswer } from '#shared/dns/resolver.ts'
import type { WantedRecord } from './wanted-records.ts'

/** Records of a name as a zone file has their data, names without the dot at their end; of TXT the text. */
export type ReadRecords = (
  name: string,
  type: WantedRecord['type'] | 'A' | 'AAAA' | 'PTR' | 'NS',
) => Promise<DnsAnswer<string>>

export type PublishedState =
  | { readonly kind: 'met' }
  /** Something else stands there. */
  | { readonly kind: 'other'; readonly found: readonly string[] }
  /** RFC 7208 §3.2, RFC 7489 §6.6.3: several of a kind are as good as none. */
  | { readonly kind: 'several'; readonly found: readonly string[] }
  /** `others`: of the same name and type, for something else. */
  | { readonly kind: 'missing'; readonly others: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string }

export async function publishedState(
  record: WantedRecord,
  read: ReadRecords,
): Promise<PublishedState> {
  const answer = await ask(record, read)
  if (answer.kind === 'failure') return { kind: 'unknown', why: answer.reason }
  if (answer.kind !== 'found') return { kind: 'missing', others: [] }
  const found = answer.records.filter(record.isOfKind)
  if (found.length === 0) return { kind: 'missing', others: answer.records }
  if (record.type === 'TXT' && found.length > 1) return { kind: 'several', found }
  return found.some(record.isMet) ? { kind: 'met' } : { kind: 'other', found }
}

/** An address is as good as another name of a host that has it. */
async function ask(record: WantedRecord, read: ReadRecords): Promise<DnsAnswer<string>> {
  if (record.type !== 'CNAME') return await read(record.name, record.type)
  const addresses = await read(record.name, 'A')
  return addresses.kind === 'none' ? await read(record.name, 'AAAA') : addresses
}
