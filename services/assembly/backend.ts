// What the running system and the command line have in common: the store opened, and everything that stands on it and owns no
// socket. The command line uses it beside a running server, on the same data folder.

import { jobEvent } from '#shared/administration/jobs/job-event.ts'
import { createTakeoutRecords } from '#shared/administration/takeouts/records.ts'
import type { CostModel } from '#shared/administration/usage/cost.ts'
import { createDevices } from '#shared/auth/devices.ts'
import { createHeldBack } from '#shared/auth/held-back.ts'
import { createSuspicion } from '#shared/auth/suspicion.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { createPeople } from '#shared/directory/people.ts'
import { type EventSink, silentEvents } from '#shared/events/event.ts'
import { createJobs, JOBS_TOPIC } from '#shared/jobs/jobs.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import type { Limits } from '#shared/mailbox/quota.ts'
import { createRates } from '#shared/rates/rates.ts'
import { createSharedBuckets } from '#shared/rates/shared-buckets.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { LoadStored } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store } from '#shared/storage/ports.ts'
import { assembleDirectory } from './directory-parts.ts'
import { assembleFactorKeeper } from './factors.ts'
import { assembleIdentification } from './identity.ts'
import { assembleQueue } from './queue-parts.ts'
import { sieveLimitsOf } from './sieve-limits.ts'

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
  /** What it costs at list prices, by its settings; undefined: nobody has a list of them. */
  readonly listCosts?: ((settings: Settings) => CostModel) | undefined
}) {
  const { store, settings, clock, events = silentEvents } = deps
  const { tables, objects, signals } = store
  const { accessTables, rewriting, srsSecrets, bounceAddresses, directory } =
    assembleDirectory(deps)
  const { queue, routes, expand, operator } = assembleQueue(deps, {
    accessTables,
    rewriting,
    directory,
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
    const { script, displayName } = found
    return { quota, script, displayName, address: formatAddress(found.address) }
  }

  const jobs = createJobs({
    table: tables.counters,
    clock,
    wake: deps.wakeJobs ?? (() => signals.publish(JOBS_TOPIC, '')),
    onChange: (job) => events.publish(jobEvent(job, clock.now())),
  })

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
    jobs,
    takeouts: createTakeoutRecords({ table: tables.counters, jobs, clock }),
    people: createPeople(directory.accounts, settings),
    operator,
    sieveLimits: sieveLimitsOf(settings),
    /** For scripts that run in mailboxes. */
    sieveSettings: () => settings,
  }
}

/** How many times its quota a client may append in a day: a whole mailbox can move in again and again, a disk is not filled. */
const APPENDED_QUOTAS_PER_DAY = 10

function appendBytesPerDay(quotaBytes: number, limit: number): number {
  return quotaBytes === 0 ? limit : Math.min(limit, APPENDED_QUOTAS_PER_DAY * quotaBytes)
}
