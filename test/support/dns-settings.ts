// Settings as the records of a domain depend on them.

import type { DnsSettings } from '#shared/administration/dns/wanted-records.ts'
import { loadSettings } from '#shared/settings/load.ts'

export function dnsSettings(...set: readonly string[]): DnsSettings {
  const overrides = ['hostname=mx.ours.test', ...set]
  const loaded = loadSettings({ environment: {}, overrides })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}
