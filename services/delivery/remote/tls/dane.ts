// What the DNS proves of a host (RFC 7672 §2.2): whether the way to its name is signed, and which TLSA records it has.

import type { ValidatedResolver } from '#shared/dns/validated-resolver.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { type TlsaRecord, usableRecords } from './tlsa.ts'

export interface Dane {
  findFor(hop: NextHop, host: string): Promise<DaneFinding>
}

export type DaneFinding =
  /** At least one record, all of them usable. */
  | {
      readonly kind: 'usable'
      readonly records: readonly TlsaRecord[]
      /** Where they were found: SNI, and the name of the certificate. */
      readonly base: string
      /** Names that count as well (RFC 7672 §3.2.2). */
      readonly names: readonly string[]
      readonly isMxSecure: boolean
    }
  /** There are records, and none that a mail client uses. */
  | { readonly kind: 'unusable'; readonly base: string; readonly isMxSecure: boolean }
  | { readonly kind: 'none'; readonly isMxSecure: boolean }
  /** It cannot be known now, or somebody does not want it to be known. */
  | { readonly kind: 'failure'; readonly why: string }

export function createDane({ dns }: { readonly dns: ValidatedResolver }): Dane {
  return {
    async findFor(hop, host) {
      const way = await wayTo(hop, host, dns)
      if (way.kind === 'failure') return way
      const { isMxSecure, domains } = way
      const bases = await basesOf(host, dns)
      if (bases.kind === 'failure') return bases
      for (const base of bases.names) {
        const found = await recordsAt(base, hop.port, dns)
        if (found.kind === 'failure') return found
        if (found.records.length === 0) continue
        const records = usableRecords(found.records)
        if (records.length === 0) return { kind: 'unusable', base, isMxSecure }
        const names = [...new Set([base, ...domains])]
        return { kind: 'usable', records, base, names, isMxSecure }
      }
      return { kind: 'none', isMxSecure }
    },
  }
}

type Failure = Extract<DaneFinding, { readonly kind: 'failure' }>
type Way =
  | Failure
  | {
      readonly kind: 'way'
      readonly isMxSecure: boolean
      /** RFC 7672 §3.2.2: the domain before and behind its aliases. */
      readonly domains: readonly string[]
    }

/** Whether it is proven that mail of the next hop goes to this host. */
async function wayTo(hop: NextHop, host: string, dns: ValidatedResolver): Promise<Way> {
  if (!hop.lookUpMx) return { kind: 'way', isMxSecure: true, domains: [hop.host] }
  const answer = await dns.ask(hop.host, 'MX')
  if (answer.kind === 'failure') return failure(`MX records of ${hop.host}: ${answer.reason}`)
  // RFC 5321 §5.1: without MX records the domain is its host.
  if (answer.kind === 'none') {
    const isMxSecure = answer.isSecure && host === hop.host
    return { kind: 'way', isMxSecure, domains: [hop.host] }
  }
  const domains = [hop.host, answer.owner]
  if (!answer.isSecure) return { kind: 'way', isMxSecure: false, domains }
  const named = answer.records.map((data) => data.toString('latin1', 2).toLowerCase())
  // Somebody else has told that it is one, or the records have just changed.
  if (!named.includes(host)) return failure(`it is none of the signed MX hosts of ${hop.host}`)
  return { kind: 'way', isMxSecure: true, domains }
}

/** RFC 7672 §2.2.2: names that may have records, best first; none where the host's zone is not signed. */
async function basesOf(
  host: string,
  dns: ValidatedResolver,
): Promise<Failure | { readonly kind: 'bases'; readonly names: readonly string[] }> {
  const ipv4 = await dns.ask(host, 'A')
  const answer = ipv4.kind === 'none' ? await dns.ask(host, 'AAAA') : ipv4
  if (answer.kind === 'failure') return failure(`addresses of ${host}: ${answer.reason}`)
  if (answer.kind === 'none') return { kind: 'bases', names: [] }
  if (answer.isSecure) return { kind: 'bases', names: [...new Set([answer.owner, host])] }
  if (answer.owner === host) return { kind: 'bases', names: [] }
  // A signed alias that leads to a zone which is not.
  const alias = await dns.ask(host, 'CNAME')
  if (alias.kind === 'failure') return failure(`alias of ${host}: ${alias.reason}`)
  return { kind: 'bases', names: alias.kind === 'found' && alias.isSecure ? [host] : [] }
}

/** None also where nobody has signed them (RFC 7672 §2.1.3). */
async function recordsAt(
  base: string,
  port: number,
  dns: ValidatedResolver,
): Promise<Failure | { readonly kind: 'records'; readonly records: readonly TlsaRecord[] }> {
  const answer = await dns.ask(`_${port}._tcp.${base}`, 'TLSA')
  if (answer.kind === 'failure') return failure(`TLSA records of ${base}: ${answer.reason}`)
  const isSigned = answer.kind === 'found' && answer.isSecure
  return { kind: 'records', records: isSigned ? answer.records.map(readRecord) : [] }
}

/** RFC 6698 §2.1; one that is cut short is of no usage there is. */
function readRecord(data: Buffer): TlsaRecord {
  const [usage = 255, selector = 255, matching = 255] = data
  return { usage, selector, matching, data: data.subarray(3) }
}

const failure = (why: string): Failure => ({ kind: 'failure', why })
