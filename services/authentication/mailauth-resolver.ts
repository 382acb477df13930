// The Resolver port as mailauth asks: by name and type, absence and failure as errors with the codes of node:dns. Each question is asked
// once for whoever shares one of these, a message mostly.

import type { DnsAnswer, Resolver } from '#shared/dns/resolver.ts'

export type MailauthResolver = (name: string, type: string) => Promise<unknown[]>

class DnsError extends Error {
  override readonly name = 'DnsError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

// RFC 1035 §2.3.4.
const NAME_BYTES_MAX = 253
const LABEL_BYTES_MAX = 63

export function mailauthResolver(dns: Resolver): MailauthResolver {
  const asked = new Map<string, Promise<unknown[]>>()
  return (name, type) => {
    const canonical = name.toLowerCase().replace(/\.$/, '')
    const key = `${type} ${canonical}`
    let answer = asked.get(key)
    if (answer === undefined) {
      answer = ask(dns, canonical, type)
      // Whoever waits hears of it; who asked ahead may not wait.
      answer.catch(() => {})
      asked.set(key, answer)
    }
    return answer
  }
}

async function ask(dns: Resolver, name: string, type: string): Promise<unknown[]> {
  if (!canExist(name)) throw new DnsError('EBADNAME', `no name: ${name.slice(0, NAME_BYTES_MAX)}`)
  switch (type) {
    case 'TXT':
      return (await records(dns.resolveTxt(name))).map((text) => [text])
    case 'A':
      return records(dns.resolve4(name))
    case 'AAAA':
      return records(dns.resolve6(name))
    case 'MX': {
      const mx = await records(dns.resolveMx(name))
      // RFC 7505: the null MX is no host.
      const hosts = mx.filter(({ exchange }) => exchange !== '')
      return hosts.map(({ exchange, preference }) => ({ exchange, priority: preference }))
    }
    case 'PTR': {
      const address = addressOf(name)
      if (address === undefined) throw new DnsError('ENOTFOUND', `no address: ${name}`)
      return records(dns.resolvePtr(address))
    }
    default:
      // Asked for by nobody but the test whether a name exists (RFC 9989 A.4), after another type's answer was that it does not.
      throw new DnsError('ENODATA', `${type} is not asked for`)
  }
}

async function records<T>(answered: Promise<DnsAnswer<T>>): Promise<T[]> {
  const answer = await answered
  switch (answer.kind) {
    case 'found':
      return [...answer.records]
    case 'none':
      throw new DnsError('ENODATA', 'no such record')
    case 'nxdomain':
      throw new DnsError('ENOTFOUND', 'no such name')
    case 'failure':
      throw new DnsError('ESERVFAIL', answer.reason)
  }
}

function canExist(name: string): boolean {
  if (name.length > NAME_BYTES_MAX) return false
  return name.split('.').every((label) => label.length > 0 && label.length <= LABEL_BYTES_MAX)
}

/** Of a name below in-addr.arpa or ip6.arpa. */
function addressOf(name: string): string | undefined {
  const parts = name.split('.').reverse()
  if (name.endsWith('.in-addr.arpa')) return parts.slice(2).join('.')
  if (!name.endsWith('.ip6.arpa')) return undefined
  return parts
    .slice(2)
    .join('')
    .replace(/(.{4})(?=.)/g, '$1:')
}
