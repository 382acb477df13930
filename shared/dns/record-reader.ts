// Records of any of the usual kinds as a zone file has their data, for whoever shows them to people. On node:dns; what is cut or cannot be
// read is a failure.

import { Resolver as DnsResolver } from 'node:dns/promises'
import { isAskable } from './name.ts'
import type { DnsAnswer } from './resolver.ts'
import { reverseName } from './reverse-name.ts'
import { answerOf, type SystemResolverOptions } from './system-resolver.ts'

export type ReadableType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SRV' | 'TLSA' | 'TXT'

/** More are nobody's to read. */
const RECORDS_MAX = 256
const RECORD_CHARACTERS_MAX = 32 * 1024

export function createRecordReader({ servers = [], timeoutMs, tries }: SystemResolverOptions = {}) {
  return async function readRecords(name: string, type: ReadableType): Promise<DnsAnswer<string>> {
    const asked = type === 'PTR' ? (reverseName(name) ?? name) : name
    if (!isAskable(asked)) return { kind: 'nxdomain' }
    const dns = new DnsResolver({
      ...(timeoutMs !== undefined && { timeout: timeoutMs, maxTimeout: timeoutMs }),
      ...(tries !== undefined && { tries }),
    })
    if (servers.length > 0) dns.setServers(servers)
    const answer = await answerOf(() => ask(dns, asked, type))
    if (answer.kind !== 'found') return answer
    const characters = answer.records.reduce((sum, { length }) => sum + length, 0)
    return answer.records.length > RECORDS_MAX || characters > RECORD_CHARACTERS_MAX
      ? { kind: 'failure', reason: 'more records than can be used', isMalformed: true }
      : answer
  }
}

async function ask(dns: DnsResolver, name: string, type: ReadableType): Promise<string[]> {
  switch (type) {
    case 'A':
      return await dns.resolve4(name)
    case 'AAAA':
      return await dns.resolve6(name)
    case 'CNAME':
      return (await dns.resolveCname(name)).map(lower)
    case 'NS':
      return (await dns.resolveNs(name)).map(lower)
    case 'PTR':
      return (await dns.resolvePtr(name)).map(lower)
    case 'MX':
      return (await dns.resolveMx(name)).map(
        ({ priority, exchange }) => `${priority} ${lower(exchange) || '.'}`,
      )
    case 'SRV':
      return (await dns.resolveSrv(name)).map(
        ({ priority, weight, port, name: target }) =>
          `${priority} ${weight} ${port} ${lower(target) || '.'}`,
      )
    case 'TLSA':
      return (await dns.resolveTlsa(name)).map(
        ({ certUsage, selector, match, data }) =>
          `${certUsage} ${selector} ${match} ${Buffer.from(data).toString('hex')}`,
      )
    case 'TXT':
      return (await dns.resolveTxt(name)).map((strings) => strings.join(''))
  }
}

const lower = (name: string) => name.toLowerCase().replace(/\.$/, '')
