// The words that look into DNS lists, asked on a name server of their own.

import { createClient } from '#services/policy/client.ts'
import { createDnsLists } from '#services/policy/dns-lists/dns-lists.ts'
import type { Known } from '#services/policy/known.ts'
import type { Decision } from '#services/policy/restriction.ts'
import { words } from '#services/policy/restrictions/index.ts'
import type { WordDeps } from '#services/policy/word.ts'
import { createKeyedResolver } from '#shared/dns/keyed-resolver.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { keyedZones } from '#shared/settings/restrictions/keyed-zones.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import type { Settings } from '#shared/settings/table.ts'
import { fakeAccessTables } from './access-tables.ts'
import { type DnsServer, type DnsZone, startDnsServer } from './dns-server.ts'
import { MemoryLog } from './memory-log.ts'
import { known, stranger } from './policy-facts.ts'

export interface ListWorld extends AsyncDisposable {
  readonly server: DnsServer
  readonly log: MemoryLog
  /** What a word says of a client, unless other things are given. */
  ask(word: WordName, argument: string, given?: Partial<Known>): Promise<Decision>
}

/** `set`: settings, as `--set` has them. */
export async function openListWorld(
  zone: DnsZone,
  set: readonly string[] = [],
): Promise<ListWorld> {
  const server = await startDnsServer(zone)
  const settings = settingsOf(set)
  const system = createSystemResolver({ servers: [server.address] })
  const dns = createKeyedResolver(system, {
    keys: settings.dnsListKeys,
    zones: keyedZones(settings),
  })
  const log = new MemoryLog()
  const dnsLists = createDnsLists({ clock: systemClock, log, settings })
  // What these words take of their collaborators.
  const deps = {
    settings,
    dnsLists,
    accessTables: fakeAccessTables(),
    clock: systemClock,
    log,
  } as unknown as WordDeps
  return {
    server,
    log,
    async ask(word, argument, given = {}) {
      const made = words[word]
      if (made === undefined) throw new Error(word)
      const { remoteAddress } = given.origin ?? stranger
      const client = createClient(remoteAddress, dns)
      return made.make(argument, deps)(known({ dns, client, ...given }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export function settingsOf(set: readonly string[]): Settings {
  const loaded = loadSettings({ environment: {}, overrides: set })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}
