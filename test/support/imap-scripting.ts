// Scripts in mailboxes for a listener under test: scripts by name, and an outbox that keeps what it is given.

import { createScripting, RUNS_BYTES_MAX } from '#services/imap/scripts/scripting.ts'
import type { OutgoingMail, Posted } from '#shared/contracts/outbox.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { createCompiledScripts } from '#shared/sieve/account/compiled-scripts.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { createFilterMemory } from '#shared/sieve/memory.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Store } from '#shared/storage/ports.ts'

export type ScriptsGiven = {
  /** Of every account, by name. */
  readonly personal?: Readonly<Record<string, string>>
  /** Which of them is active. */
  readonly active?: string
  readonly site?: Readonly<Record<string, string>>
  readonly before?: readonly string[]
  /** For what happens in mailboxes that name none. */
  readonly event?: string
  /** What the holder may store. */
  readonly quotaMessages?: number
}

export type Posting = Pick<OutgoingMail, 'kind' | 'envelope'> & { readonly text: string }

export function imapScripting(
  {
    mailbox,
    store,
    clock,
  }: {
    readonly mailbox: Mailbox
    readonly store: Store
    readonly clock: Clock
  },
  given: ScriptsGiven = {},
  answer: (mail: OutgoingMail) => Posted = () => ({ kind: 'queued' }),
) {
  const { personal = {}, site = {}, active } = given
  const posted: Posting[] = []
  const scripts = {
    read: async (owner: unknown, name: string) => {
      const text = (owner === null ? site : personal)[name]
      return text === undefined ? undefined : { text: Buffer.from(text), version: 1 }
    },
  }
  const siteScripts = createSiteScripts({
    sieveBefore: given.before ?? [],
    sieveAfter: [],
    sieveDefault: '',
    sieveDomainDefaults: [],
  })
  const scripting = createScripting({
    mailbox,
    objects: store.objects,
    compiled: createCompiledScripts({ scripts, vocabulary, clock }),
    site: () => siteScripts,
    holder: async (id) => ({
      id,
      address: id.replace(/^acc-/, ''),
      displayName: '',
      script: active === undefined ? null : { name: active, version: 1 },
      quota: { bytes: 0, messages: given.quotaMessages ?? 0, appendBytesPerDay: 0 },
    }),
    aliases: { get: async () => undefined },
    isServed: async (domain) => domain === 'example.test',
    memory: createFilterMemory({ counters: store.tables.counters, clock }),
    outbox: {
      async send(mail) {
        const pieces = await Array.fromAsync(mail.content)
        const result = answer(mail)
        const { kind, envelope, prepend } = mail
        const text = prepend + Buffer.concat(pieces).toString('latin1')
        if (result.kind === 'queued') posted.push({ kind, envelope, text })
        return result
      },
    },
    vocabulary,
    settings: () => ({
      hostname: 'imap.example.test',
      recipientDelimiter: '+',
      hopcountLimit: 50,
      sieveEventScript: given.event ?? '',
      sieveMaxRedirects: 4,
      sieveMaxScriptSize: 64 * 1024,
      sieveSpamtestStatusHeader: '',
      sieveSpamtestStatusType: 'score',
      sieveSpamtestMaxValue: 10,
      sieveVirustestStatusHeader: '',
      headerEdits: { valueBytes: 2_048, forbidAdd: [], forbidDelete: [] },
    }),
    failureNotice: async ({ reason }) => Buffer.from(`Subject: script failed\r\n\r\n${reason}\r\n`),
    newMessageId: () => 'made@imap.example.test',
    budget: new ByteBudget(RUNS_BYTES_MAX),
    clock,
  })
  return { scripting, posted }
}
