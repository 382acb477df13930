// A word of a restriction list, asked by itself: with settings as `--set` takes them, and DNS from a server on loopback.

import { createClient } from '#services/policy/client.ts'
import type { Known } from '#services/policy/known.ts'
import type { Decision } from '#services/policy/restriction.ts'
import type { Word, WordDeps } from '#services/policy/word.ts'
import type { Directory, Recipient } from '#shared/directory/directory.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { fakeAccessTables } from './access-tables.ts'
import { type DnsServer, type DnsZone, startDnsServer } from './dns-server.ts'
import { ManualClock } from './manual-clock.ts'
import { annsAccount, known, knownRecipient, stranger } from './policy-facts.ts'

export type AskedOptions = {
  readonly argument?: string
  readonly set?: readonly string[]
  readonly deps?: Partial<WordDeps>
}

/** example.test is ours, and ann alone is there; every other domain is somebody's. */
const directory = {
  async resolve({ domain }) {
    return domain === 'example.test' ? annsAccount : { kind: 'remote' }
  },
} satisfies Pick<Directory, 'resolve'> as Partial<Directory> as Directory

/** What it says; of a reply its code, status and text in one line. */
export async function askWord(
  word: Word,
  facts: Known,
  { argument = '', set = [], deps = {} }: AskedOptions = {},
): Promise<Said> {
  const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.example.test', ...set] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded))
  const all: Partial<WordDeps> = {
    settings: loaded.settings,
    directory,
    accessTables: fakeAccessTables(),
    clock: new ManualClock(),
    log: silentLog,
    compile: () => [],
    ...deps,
  }
  // Whoever asks for more must be given it.
  const decide = word.make(argument, all as WordDeps)
  return said(await decide(facts))
}

export type Said = string

export function said(decision: Decision): Said {
  if (!('reply' in decision)) return decision.kind
  const { code, status, text } = decision.reply
  return `${decision.kind} ${code} ${status} ${text}`
}

/** A name server that is asked for real, and what a stranger is who is looked up there. */
export async function startDnsWorld(zone: DnsZone) {
  const server: DnsServer = await startDnsServer(zone)
  const dns: Resolver = createSystemResolver({ servers: [server.address] })
  return {
    server,
    dns,
    client: (address: string, more: Partial<Known> = {}): Known =>
      known({
        dns,
        origin: { ...stranger, remoteAddress: address },
        client: createClient(address, dns),
        ...more,
      }),
    helo: (helo: string): Known => known({ dns, origin: { ...stranger, helo } }),
    sender: (sender: string): Known => known({ dns, sender }),
    recipient: (text: string, found: Recipient = { kind: 'remote' }): Known =>
      known({ dns, recipient: knownRecipient(text, found) }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export type DnsWorld = Awaited<ReturnType<typeof startDnsWorld>>
