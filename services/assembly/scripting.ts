// Scripts in mailboxes, put together on the backend. What they have sent goes into the queue, on one machine as on AWS.

import {
  createScripting,
  RUNS_BYTES_MAX,
  type Scripting,
} from '#services/imap/scripts/scripting.ts'
import type { Outbox } from '#shared/contracts/outbox.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import { createCompiledScripts } from '#shared/sieve/account/compiled-scripts.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { writeFailureNotice } from '#shared/sieve/made/failure-notice.ts'
import { createFilterMemory } from '#shared/sieve/memory.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Backend } from './backend.ts'
import { headerEditsOf } from './filtering.ts'

const NAME_BYTES = 15

export function assembleScripting(backend: Backend, outbox: Outbox): Scripting {
  const { directory, store, mailbox, clock, sieveSettings } = backend
  const newMessageId = () => {
    const name = Buffer.from(takeRandomBytes(NAME_BYTES)).toString('hex')
    return `${name}@${sieveSettings().hostname}`
  }
  return createScripting({
    mailbox,
    objects: store.objects,
    compiled: createCompiledScripts({ scripts: directory.scripts, vocabulary, clock }),
    site: () => createSiteScripts(sieveSettings()),
    holder: async (id) => {
      const found = await backend.account(id)
      return found && { id, ...found }
    },
    aliases: directory.aliases,
    isServed: async (name) => {
      const domain = parseDomain(name)
      return domain !== undefined && (await directory.domains.get(domain)) !== undefined
    },
    memory: createFilterMemory({ counters: store.tables.counters, clock }),
    outbox,
    vocabulary,
    settings: () => ({ ...sieveSettings(), headerEdits: headerEditsOf(sieveSettings()) }),
    async failureNotice({ script, at, reason }, { message, owner }) {
      const settings = sieveSettings()
      const [first = 'en', ...more]: readonly Language[] = settings.noticeLanguages
      const { bytes } = writeFailureNotice({
        ...{ script: script === '' ? null : script, at, reason, owner },
        where: 'mailbox',
        domain: originDomain(settings),
        languages: [first, ...more],
        header: await message.header(),
        atMs: clock.now(),
        messageId: newMessageId(),
      })
      return bytes
    },
    newMessageId,
    budget: new ByteBudget(RUNS_BYTES_MAX),
    clock,
  })
}
