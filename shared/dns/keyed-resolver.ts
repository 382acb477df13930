// Puts keys into the names of DNS lists that want one, last of all before the name server is asked: whoever remembers, records or logs
// questions and answers sees their names instead.

import type { DnsAnswer, Resolver } from './resolver.ts'

export type KeyedZones = {
  /** By name. */
  readonly keys: ReadonlyMap<string, string>
  /** With `<name>` in them, and with the key. Only these: a stranger's name servers must not be told a key. */
  readonly zones: ReadonlyMap<string, string>
}

export function createKeyedResolver(inner: Resolver, { keys, zones }: KeyedZones): Resolver {
  if (zones.size === 0) return inner

  const mask = (text: string) =>
    [...keys].reduce((masked, [name, key]) => masked.replaceAll(key, `<${name}>`), text)

  function nameFor(name: string): string {
    if (!name.includes('<')) return name
    const lower = name.toLowerCase()
    for (const [zone, keyed] of zones) {
      if (lower.endsWith(`.${zone}`)) return lower.slice(0, -zone.length) + keyed
    }
    return name
  }

  async function masked(answering: Promise<DnsAnswer<string>>): Promise<DnsAnswer<string>> {
    const answer = await answering
    if (answer.kind === 'failure') return { ...answer, reason: mask(answer.reason) }
    return answer.kind === 'found' ? { ...answer, records: answer.records.map(mask) } : answer
  }

  const keyed = (ask: (name: string) => Promise<DnsAnswer<string>>) => (name: string) =>
    name.includes('<') ? masked(ask(nameFor(name))) : ask(name)

  return {
    ...inner,
    resolve4: keyed(inner.resolve4),
    resolve6: keyed(inner.resolve6),
    resolveTxt: keyed(inner.resolveTxt),
  }
}
