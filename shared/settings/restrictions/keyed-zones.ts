// DNS lists that are asked by paying customers only: `<dqs>.zen.dq.spamhaus.net` in a list stands for the zone with the key named dqs in it
// (dnsListKeys). The key is put in when the name server is asked (shared/dns/keyed-resolver.ts) and stands nowhere else.

import type { Problem } from '../problems.ts'
import type { Settings } from '../table.ts'
import { keysOf, parseDnsList } from './dns-list-filter.ts'
import { type ListSetting, listSettings } from './list-faults.ts'

export type KeyedSettings = Pick<
  Settings,
  ListSetting | 'smtpdRestrictionClasses' | 'weightDnsLists' | 'weightRhsLists' | 'dnsListKeys'
>

/** Those that settings name, and what they are with their keys; no others are asked with one. */
export function keyedZones(settings: KeyedSettings): ReadonlyMap<string, string> {
  const { dnsListKeys: keys } = settings
  const zones = zonesOf(settings).flatMap(([, names]) => names)
  const keyed = zones.filter((zone) => {
    const needed = keysOf(zone)
    return needed.length > 0 && needed.every((name) => keys.has(name))
  })
  return new Map(keyed.map((zone) => [zone, withKeys(zone, keys)]))
}

export function findMissingKeys(settings: KeyedSettings): Problem[] {
  return zonesOf(settings).flatMap(([setting, zones]) => {
    const missing = zones.flatMap(keysOf).filter((name) => !settings.dnsListKeys.has(name))
    return [...new Set(missing)].map((name) => ({
      kind: 'conflict' as const,
      keys: [setting, 'dnsListKeys'],
      reason: `there is no key named ${name}`,
    }))
  })
}

/** For strangers. */
export function withoutKeys(zone: string): string {
  return keysOf(zone).reduce((text, name) => text.replace(`<${name}>.`, ''), zone)
}

function withKeys(zone: string, keys: ReadonlyMap<string, string>): string {
  return keysOf(zone).reduce((text, name) => text.replace(`<${name}>`, keys.get(name) ?? ''), zone)
}

function zonesOf(settings: KeyedSettings): readonly [setting: string, zones: readonly string[]][] {
  const texts = [...listSettings, 'smtpdRestrictionClasses'] as const
  const weighed = ['weightDnsLists', 'weightRhsLists'] as const
  return [
    ...texts.map((name): [string, readonly string[]] => [name, zonesIn(settings[name])]),
    ...weighed.map((name): [string, readonly string[]] => [
      name,
      settings[name].map(({ list }) => list.zone),
    ]),
  ]
}

function zonesIn(text: string): readonly string[] {
  return text.split(/[\s,{}]+/).flatMap((word) => parseDnsList(word)?.zone ?? [])
}
