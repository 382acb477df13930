// What the running system and the command line have in common: the store opened, and everything that stands on it and owns no
// socket. The command line uses it beside a running server, on the same data folder.

import { readFile } from 'node:fs/promises'
import { jobEvent } from '#shared/administration/jobs/job-event.ts'
import { createDevices } from '#shared/auth/devices.ts'
import { createHeldBack } from '#shared/auth/held-back.ts'
import { createSuspicion } from '#shared/auth/suspicion.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { createAccessTables } from '#shared/directory/access-tables.ts'
import { createBounceAddresses } from '#shared/directory/bounce-addresses.ts'
import { createDirectory } from '#shared/directory/directory.ts'
import type { Maps } from '#shared/directory/maps.ts'
import { createPeople } from '#shared/directory/people.ts'
import { createAddressRewriting } from '#shared/directory/rewriting.ts'
import {
  createSrsSecrets,
  fileSrsSecrets,
  type SrsSecrets,
  type StoredSrsSecrets,
} from '#shared/directory/srs-secrets.ts'
import { type EventSink, silentEvents } from '#shared/events/event.ts'
import { createJobs, JOBS_TOPIC } from '#shared/jobs/jobs.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import type { Limits } from '#shared/mailbox/quota.ts'
import { createMailQueue } from '#shared/queue/mail-queue.ts'
import type { Routes } from '#shared/queue/new-groups.ts'
import { createQueueOperator } from '#shared/queue/operator.ts'
import { createSlotOf } from '#shared/queue/routes.ts'
import { createRates } from '#shared/rates/rates.ts'
import { createSharedBuckets } from '#shared/rates/shared-buckets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { srsDomain } from '#shared/settings/own-domains.ts'
import type { LoadStored } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store, Table } from '#shared/storage/ports.ts'
import { createExpand } from './expand.ts'
import { assembleFactorKeeper } from './factors.ts'
import { assembleIdentification } from './identity.ts'
import { assembleScripts } from './scripts.ts'

export type Backend = ReturnType<typeof createBackend>

export function createBackend(deps: {
  readonly store: Store
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  /** Told of what changes; undefined: nobody looks on. */
  readonly events?: EventSink
  /** Reads the settings again; undefined: what is given here alone. */
  readonly loadSettings?: LoadStored
  /** Tells whoever works on jobs that there is one; undefined: by a signal. */
  readonly wakeJobs?: () => void
  /** What the issuer gave this system, where that is in no file. */
  readonly readOidcSecret?: () => Promise<string>
}) {
  const { store, settings, clock, events = silentEvents } = deps
  const { tables, queues, objects, signals } = store
  const queue = createMailQueue({
    table: tables.queue,
    mail: tables.mail,
    incoming: queues.incoming,
    active: queues.active,
    deferred: queues.deferred,
    traceRetentionMs: settings.traceRetention,
    clock,
  })
  const accessTables = createAccessTables({ table: tables.directory, clock })
  const rewriting = createAddressRewriting({ maps: accessTables, settings })
  const srsSecrets = srsSecretsOf(settings, tables.directory, clock)
  const bounceAddresses = createBounceAddresses({
    secrets: srsSecrets,
    maps: accessTables,
    options: { ...settings, domain: parseDomain(srsDomain(settings)) },
    clock,
  })
  const directory = createDirectory({
    table: tables.directory,
    clock,
    settings,
    signals,
    bounceAddresses,
  })
  const expand = createExpand({
    directory,
    rewriting,
    // RFC 5321 §4.5.1: postmaster without a domain is this host's.
    defaultDomain: parseDomain(settings.hostname),
  })

  const rates = createRates({
    shared: createSharedBuckets(tables.counters, clock),
    clock,
    log: deps.log,
  })

  /** What the account may store; undefined when it is gone. */
  /** What delivery and listeners must know of an account, in one read. */
  async function account(id: AccountId) {
    const found = await directory.accounts.byId(id)
    if (found === undefined) return undefined
    const bytes = found.quotaBytes ?? settings.mailboxSizeLimit
    const quota: Limits = {
      bytes,
      messages: settings.mailboxMessageLimit,
      appendBytesPerDay: appendBytesPerDay(bytes, settings.accountAppendLimitPerDay),
    }
    return { quota, script: found.script }
  }

  const routes = routesOf(settings, accessTables)

  return {
    ...deps,
    directory,
    accessTables,
    rewriting,
    bounceAddresses,
    srsSecrets,
    routes,
    expand,
    mailbox: createMailbox({ table: tables.mail, objects, signals, clock }),
    queue,
    suspicion: createSuspicion({
      accounts: directory.accounts,
      counters: tables.counters,
      rates,
      settings,
      clock,
      log: deps.log,
    }),
    ...assembleIdentification({ store, directory, settings, clock }),
    factorKeeper: assembleFactorKeeper({ ...deps, directory }),
    heldBack: createHeldBack({ counters: tables.counters, clock }),
    devices: createDevices({ counters: tables.counters, clock, log: deps.log }),
    rates,
    account,
    quota: async (id: AccountId) => (await account(id))?.quota,
    events,
    jobs: createJobs({
      table: tables.counters,
      clock,
      wake: deps.wakeJobs ?? (() => signals.publish(JOBS_TOPIC, '')),
      onChange: (job) => events.publish(jobEvent(job, clock.now())),
    }),
    people: createPeople(directory.accounts, settings),
    sieve: assembleScripts(directory, settings),
    operator: createQueueOperator({
      queue,
      table: tables.queue,
      mail: tables.mail,
      incoming: queues.incoming,
      expand,
      routes,
      clock,
      log: deps.log,
    }),
  }
}

function srsSecretsOf(
  settings: Settings,
  table: Table,
  clock: Clock,
): SrsSecrets & Partial<StoredSrsSecrets> {
  const { srsSecretsFile } = settings
  if (srsSecretsFile === '') return createSrsSecrets({ table, clock })
  return fileSrsSecrets({ read: () => readFile(srsSecretsFile, 'utf8'), clock })
}

export function routesOf(settings: Settings, maps: Maps): Routes {
  return {
    slotOf: createSlotOf({ maps, options: settings }),
    destinationRecipientLimit: settings.defaultDestinationRecipientLimit,
  }
}

/** How many times its quota a client may append in a day: a whole mailbox can move in again and again, a disk is not filled. */
const APPENDED_QUOTAS_PER_DAY = 10

function appendBytesPerDay(quotaBytes: number, limit: number): number {
  return quotaBytes === 0 ? limit : Math.min(limit, APPENDED_QUOTAS_PER_DAY * quotaBytes)
}
