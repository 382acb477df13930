// What a user's scripts decide at delivery, put together on the backend.

import type { Deposit } from '#services/delivery/local/deposit.ts'
import { createDoActions } from '#services/delivery/local/filtering/do-actions.ts'
import { createEnvironment } from '#services/delivery/local/filtering/environment.ts'
import { createFiltering, type Filterings } from '#services/delivery/local/filtering/filtering.ts'
import { createAnswers } from '#services/delivery/local/filtering/made-answers.ts'
import { createTellOwner } from '#services/delivery/local/filtering/tell-owner.ts'
import type { Places } from '#services/delivery/local/places.ts'
import { createDoubt } from '#services/delivery/notices/doubt.ts'
import { createReadOriginal, returnedOf } from '#services/delivery/notices/original.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createCompiledScripts } from '#shared/sieve/account/compiled-scripts.ts'
import { createFolderFacts, createListFacts } from '#shared/sieve/account/facts.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { verdictOf } from '#shared/sieve/account/verdict.ts'
import { createFilterMemory } from '#shared/sieve/memory.ts'
import type { HeaderEditRules } from '#shared/sieve/run/context.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Backend } from './backend.ts'

export function assembleFiltering(
  backend: Backend,
  { places, deposit }: { readonly places: Places; readonly deposit: Deposit },
): Filterings {
  const { directory, store, mailbox, settings, clock } = backend
  const log = backend.log.child({ service: 'delivery' })
  const memory = createFilterMemory({ counters: store.tables.counters, clock })
  const [first = 'en', ...more]: readonly Language[] = settings.noticeLanguages
  const readOriginal = createReadOriginal(store.objects, settings)
  const answers = createAnswers({
    newName: () => Buffer.from(takeRandomBytes(NAME_BYTES)).toString('hex'),
    headerOf: async (message) => {
      const original = await readOriginal(message)
      return original && returnedOf(message, original, 'headers')
    },
    whyDoubted: createDoubt(createNetworkMatcher(settings.mynetworks)),
    options: {
      hostname: settings.hostname,
      domain: originDomain(settings),
      languages: [first, ...more],
    },
    clock,
  })
  const own = { places, deposit, memory, answers, log }
  return createFiltering({
    compiled: createCompiledScripts({ scripts: directory.scripts, vocabulary, clock }),
    site: createSiteScripts(settings),
    objects: store.objects,
    facts: async (letter, message, lookups) => {
      const folders = createFolderFacts(mailbox, letter.account, lookups)
      return {
        environment: createEnvironment(letter, settings.hostname),
        folders,
        ...createListFacts(directory.aliases, folders, letter.recipient.address, lookups),
        verdict: async () => verdictOf(await message.header(), letter.message.junk, settings),
      }
    },
    memory,
    doActions: createDoActions({
      ...own,
      wrapSender: backend.bounceAddresses.wrap,
      options: { hopcountLimit: settings.hopcountLimit },
    }),
    tellOwner: createTellOwner(own),
    extensions: vocabulary.extensions,
    options: {
      recipientDelimiter: settings.recipientDelimiter,
      sieveMaxRedirects: settings.sieveMaxRedirects,
      sieveVacationMinPeriodMs: settings.sieveVacationMinPeriod,
      sieveVacationDefaultPeriodMs: settings.sieveVacationDefaultPeriod,
      sieveVacationMaxPeriodMs: settings.sieveVacationMaxPeriod,
      headerEdits: headerEditsOf(settings),
    },
    clock,
    log,
  })
}

export const headerEditsOf = (settings: Settings): HeaderEditRules => ({
  valueBytes: settings.sieveEditheaderMaxHeaderSize,
  forbidAdd: [...settings.sieveEditheaderProtected, ...settings.sieveEditheaderForbidAdd],
  forbidDelete: [...settings.sieveEditheaderProtected, ...settings.sieveEditheaderForbidDelete],
})

const NAME_BYTES = 15
