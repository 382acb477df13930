// Administration on a store, for the command line and for the first start.

import { type Administration, createAdministration } from '#shared/administration/administration.ts'
import type { RecordChange } from '#shared/administration/changes.ts'
import type { PolicyRehearsal } from '#shared/administration/policy-rehearsal.ts'
import type { LiveSessions } from '#shared/auth/account-watch.ts'

import type { DecisionRecords } from '#shared/contracts/decisions.ts'
import type { GreylistBook } from '#shared/contracts/greylist.ts'
import type { Letters } from '#shared/contracts/letters.ts'

import { createSettingStore } from '#shared/directory/stored-settings.ts'

import { changeEvent } from '#shared/events/change-event.ts'
import { createStories } from '#shared/queue/trace/stories.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { LoadStored } from '#shared/settings/stored.ts'
import { assembleAuditLog, assembleAuditSeals } from './audit.ts'
import type { Backend } from './backend.ts'
import { openRecordReader } from './dns.ts'
import { assembleKeyUpkeep } from './signing.ts'

/** `sessions`: those of the listeners in this process. */
export function assembleAdministration(
  backend: Backend,
  record: RecordChange,
  sessions?: LiveSessions,
): Administration {
  const { directory, accessTables, mailbox, people, operator, suspicion, devices, heldBack } =
    backend
  const { bounceAddresses, srsSecrets } = backend
  const { store, clock, settings, log, events } = backend
  return createAdministration({
    directory,
    accessTables,
    bounceAddresses,
    srsSecrets,
    mailbox,
    mail: mailbox,
    mailForImports: mailbox,
    keyUpkeep: assembleKeyUpkeep(backend),
    readRecords: openRecordReader(settings),
    people,
    operator,
    objects: store.objects,
    rehearsal: rehearsalOn(backend),
    settingStore: createSettingStore({
      table: store.tables.directory,
      signals: store.signals,
      clock,
    }),
    loadSettings: backend.loadSettings ?? loadDefaults,
    stories: createStories(store.tables.queue),
    decisions: lazyDecisions(backend),
    suspicion,
    counters: store.tables.counters,
    greylist: lazyGreylist(backend),
    devices,
    heldBack,
    factorKeeper: backend.factorKeeper,
    webSessions: backend.webSessions,
    tokens: backend.tokens,
    links: backend.links,
    setupLinks: backend.setupLinks,
    letters: lazyLetters(backend),
    rates: backend.rates,
    takeouts: backend.takeouts,
    audit: assembleAuditLog(backend),
    auditSeals: assembleAuditSeals(backend),
    sessions,
    clock,
    settings,
    log,
    record(change) {
      record(change)
      events.publish(changeEvent(change, clock.now()))
    },
  })
}

/** Loaded where one is sent. */
const lazyLetters = (backend: Backend): Letters => ({
  async send(letter) {
    const { assembleLetters } = await import('./letters.ts')
    await assembleLetters(backend).send(letter)
  },
})

/** Loaded where one is read: commands that ask for none start faster. */
function lazyDecisions({ store, clock }: Backend): DecisionRecords {
  const load = async () => {
    const { decisionRecords } = await import('#services/policy/records/reading.ts')
    return decisionRecords(store.tables.counters, clock)
  }
  return {
    of: async (queueId) => (await load()).of(queueId),
    refusalsOf: async (text, range) => (await load()).refusalsOf(text, range),
    async *since(sinceMs) {
      yield* (await load()).since(sinceMs)
    },
  }
}

/** The same. */
function lazyGreylist({ store, clock, settings }: Backend): GreylistBook {
  const load = async () => {
    const { createGreylistBook } = await import('#services/policy/greylist/book.ts')
    return createGreylistBook({ counters: store.tables.counters, clock, options: settings })
  }
  return {
    triplet: async (one) => (await load()).triplet(one),
    allow: async (one) => (await load()).allow(one),
    forget: async (one) => (await load()).forget(one),
    client: async (address) => (await load()).client(address),
    allowClient: async (address) => (await load()).allowClient(address),
    forgetClient: async (address) => (await load()).forgetClient(address),
  }
}

/** Loaded when it is first asked: a command that asks nothing of policy starts without it. */
const rehearsalOn = (backend: Backend): PolicyRehearsal => ({
  async transaction(request, { dnsServers = backend.settings.dnsServers }) {
    const { rehearseTransaction } = await import('./rehearsal.ts')
    const settings = { ...backend.settings, dnsServers: [...dnsServers] }
    return await rehearseTransaction({ ...backend, settings }, request)
  },
  async *replay({ settings = backend.settings, sinceMs, asksDns }) {
    const { replaySince } = await import('./rehearsal.ts')
    yield* replaySince(backend, { settings, sinceMs, asksDns })
  },
})

/** Of a system that nobody has told where its settings are from. */
const loadDefaults: LoadStored = async (stored) =>
  loadSettings({ environment: {}, overrides: [], stored })
