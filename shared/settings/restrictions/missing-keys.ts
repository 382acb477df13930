// DNS lists that need a key which is not there.

import type { Problem } from '../problems.ts'
import type { Settings } from '../table.ts'
import { keysOf, parseDnsList } from './dns-list-filter.ts'
import { type ListSetting, listSettings } from './list-faults.ts'

export type KeyedSettings = Pick<
  Settings,
  ListSetting | 'smtpdRestrictionClasses' | 'weightDnsLists' | 'weightRhsLists' | 'dnsListKeys'
>

export function findMissingKeys(settings: KeyedSettings): Problem[] {
  const inTexts = [...listSettings, 'smtpdRestrictionClasses' as const].map(
    (name) => [name, zonesIn(settings[name])] as const,
  )
  const weighed = (['weightDnsLists', 'weightRhsLists'] as const).map(
    (name) => [name, settings[name].map(({ list }) => list.zone)] as const,
  )
  return [...inTexts, ...weighed].flatMap(([setting, zones]) => {
    const missing = zones.flatMap(keysOf).filter((name) => !settings.dnsListKeys.has(name))
    return [...new Set(missing)].map((name) => ({
      kind: 'conflict' as const,
      keys: [setting, 'dnsListKeys'],
      reason: `there is no key named ${name}`,
    }))
  })
}

function zonesIn(text: string): readonly string[] {
  return text.split(/[\s,{}]+/).flatMap((word) => parseDnsList(word)?.zone ?? [])
}
