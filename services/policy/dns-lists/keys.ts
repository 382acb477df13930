// Keys of DNS lists that are asked by paying customers only: `<dqs>.zen.dq.spamhaus.net` in a list of restrictions stands for the zone with
// the key named dqs in it (dnsListKeys). Whatever is shown has the name, or nothing.

import { keysOf } from '#shared/settings/restrictions/dns-list-filter.ts'

export type DnsListKeys = ReadonlyMap<string, string>

/** Throws where a key is missing. */
export function withKeys(zone: string, keys: DnsListKeys): string {
  return keysOf(zone).reduce((text, name) => {
    const key = keys.get(name)
    if (key === undefined) throw new Error(`${zone} needs a key named ${name} in dnsListKeys`)
    return text.replace(`<${name}>`, key)
  }, zone)
}

/** For strangers. */
export function withoutKeys(zone: string): string {
  return keysOf(zone).reduce((text, name) => text.replace(`<${name}>.`, ''), zone)
}

/** For logs and records: names of keys in place of keys. */
export function createKeyMask(keys: DnsListKeys): (text: string) => string {
  return (text) => {
    let masked = text
    for (const [name, key] of keys) masked = masked.replaceAll(key, `<${name}>`)
    return masked
  }
}
