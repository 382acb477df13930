// What a user's scripts decide at delivery, put together on the backend.

import type { Deposit } from '#services/delivery/local/deposit.ts'
import type { Answers } from '#services/delivery/local/filtering/answers.ts'
import { createCompiledScripts } from '#services/delivery/local/filtering/compiled-scripts.ts'
import { createDoActions } from '#services/delivery/local/filtering/do-actions.ts'
import { createEnvironment } from '#services/delivery/local/filtering/environment.ts'
import { createFolderFacts } from '#services/delivery/local/filtering/facts.ts'
import { createFiltering, type Filtering } from '#services/delivery/local/filtering/filtering.ts'
import { createSiteScripts } from '#services/delivery/local/filtering/site-scripts.ts'
import { createTellOwner } from '#services/delivery/local/filtering/tell-owner.ts'
import { verdictOf } from '#services/delivery/local/filtering/verdict.ts'
import type { Places } from '#services/delivery/local/places.ts'
import { createFilterMemory } from '#shared/sieve/memory.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Backend } from './backend.ts'

export function assembleFiltering(
  backend: Backend,
  { places, deposit }: { readonly places: Places; readonly deposit: Deposit },
): Filtering {
  const { directory, store, mailbox, settings, clock } = backend
  const log = backend.log.child({ service: 'delivery' })
  const memory = createFilterMemory({ counters: store.tables.counters, clock })
  const own = { places, deposit, memory, answers: noAnswers, log }
  return createFiltering({
    compiled: createCompiledScripts({ scripts: directory.scripts, vocabulary, clock }),
    site: createSiteScripts(settings),
    objects: store.objects,
    facts: async (letter, message, lookups) => ({
      environment: createEnvironment(letter, settings.hostname),
      folders: createFolderFacts(mailbox, letter.account, lookups),
      // Address lists are nowhere kept yet.
      listHolds: async () => undefined,
      verdict: verdictOf(await message.header(), letter.message.junk, settings),
    }),
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
    },
    clock,
    log,
  })
}

/** Until there are bytes for them nobody is answered; a refusal is the queue's to tell. */
const noAnswers: Answers = {
  mayAnswer: async () => ({ kind: 'silent', because: 'no answers yet' }),
  vacation: async () => {
    throw new Error('nobody may be answered')
  },
  notification: async () => ({ kind: 'silent', because: 'no notifications yet' }),
  refusal: async (_letter, { reason }) => ({
    kind: 'dsn',
    status: '5.7.1',
    reply: reason.replace(/\s+/g, ' ').trim().slice(0, REPLY_CHARACTERS_MAX),
  }),
  failure: async ({ script, at, reason }) =>
    Buffer.from(
      `From: MAILER-DAEMON\r\nSubject: A filter failed\r\n\r\n${script}, line ${at.line}: ${reason}\r\n`,
    ),
}

const REPLY_CHARACTERS_MAX = 500
