// The queue on a store, as a backend has it, and as a command that needs no more of one.

import type { Maps } from '#shared/directory/maps.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { createMailQueue, type MailQueue } from '#shared/queue/mail-queue.ts'
import type { Routes } from '#shared/queue/new-groups.ts'
import { createQueueOperator, type QueueOperator } from '#shared/queue/operator.ts'
import { createSlotOf } from '#shared/queue/routes.ts'
import { createGuestsNow, type GuestsNow, withSources } from '#shared/queue/source-slots.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import type { Store } from '#shared/storage/ports.ts'
import type { DirectoryParts } from './directory-parts.ts'
import { createExpand } from './expand.ts'

export type QueueParts = {
  readonly queue: MailQueue
  readonly routes: Routes & { readonly guestsNow: GuestsNow }
  readonly expand: ReturnType<typeof createExpand>
  readonly operator: QueueOperator
}

export function assembleQueue(
  {
    store,
    settings,
    clock,
    log,
  }: {
    readonly store: Store
    readonly settings: Settings
    readonly clock: Clock
    readonly log: Log
  },
  {
    accessTables,
    rewriting,
    directory,
  }: Pick<DirectoryParts, 'accessTables' | 'rewriting' | 'directory'>,
): QueueParts {
  const { tables, queues } = store
  const queue = createMailQueue({
    table: tables.queue,
    mail: tables.mail,
    incoming: queues.incoming,
    active: queues.active,
    deferred: queues.deferred,
    traceRetentionMs: settings.traceRetention,
    clock,
  })
  const expand = createExpand({
    directory,
    rewriting,
    // RFC 5321 §4.5.1: postmaster without a domain is this host's.
    defaultDomain: parseDomain(settings.hostname),
    isFiltered: createSiteScripts(settings).concern,
  })
  const plain = routesOf(settings, accessTables)
  const isStillGuest = async (text: string) => {
    const address = parseAddress(text)
    return address !== undefined && (await directory.resolve(address)).kind === 'guest'
  }
  const routes = {
    ...plain,
    slotOf: withSources(plain.slotOf, directory),
    guestsNow: createGuestsNow({ isStillGuest, expand }),
  }
  const operator = createQueueOperator({
    queue,
    table: tables.queue,
    mail: tables.mail,
    incoming: queues.incoming,
    expand,
    routes,
    clock,
    log,
  })
  return { queue, routes, expand, operator }
}

export function routesOf(settings: Settings, maps: Maps): Routes {
  return {
    slotOf: createSlotOf({ maps, options: settings }),
    destinationRecipientLimit: settings.defaultDestinationRecipientLimit,
  }
}
