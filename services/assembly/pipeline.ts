// The services that own no socket, each put together on the backend. Who wakes them is the root's business: consumers and clocks in
// one process (workers.ts), event sources and schedules on AWS.

import { createCleanup } from '#services/cleanup/cleanup.ts'
import { createCollector } from '#services/collector/collector.ts'
import { createTakeoutSweep } from '#services/collector/takeouts.ts'
import { createDelivery, type Delivery } from '#services/delivery/delivery.ts'
import { createDeposit } from '#services/delivery/local/deposit.ts'
import type { Filtering } from '#services/delivery/local/filtering/filtering.ts'
import { createLocalDelivery } from '#services/delivery/local/local-delivery.ts'
import { createPlaces } from '#services/delivery/local/places.ts'
import type { Notices } from '#services/delivery/notices/notices.ts'
import { createLimits } from '#services/delivery/queue-manager/limits.ts'
import { startQueueManager } from '#services/delivery/queue-manager/queue-manager.ts'
import { createSharedTurns, type UnderWay } from '#services/delivery/queue-manager/shared-turns.ts'
import { createDeadLetters } from '#services/sweeper/dead-letters.ts'
import { createSweeper } from '#services/sweeper/sweeper.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { createStageMessage } from '#shared/queue/created-message.ts'
import type { IsFrozen, LocalDelivery, RemoteDelivery } from '#shared/queue/pipeline.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'
import { createSharedDestinations, failuresOfCohorts } from '#shared/queue/shared-destinations.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import type { Backend } from './backend.ts'
import { assembleFiltering } from './filtering.ts'
import { assembleNotices } from './notices.ts'

export type CleanupDelivery = Parameters<typeof createCleanup>[0]['delivery']

/** By itself it may not read the bytes of messages. */
export function assembleCleanup(
  backend: Backend,
  delivery: CleanupDelivery = { deliverLocal: localDelivery(backend, undefined), reads: false },
) {
  const { store, queue, expand, clock } = backend
  return createCleanup({
    queue,
    objects: store.objects,
    expand,
    isFrozen: isFrozen(backend),
    delivery,
    schedule: retrySchedule(backend),
    options: queueOptions(backend),
    clock,
    log: backend.log.child({ service: 'cleanup' }),
  })
}

export function assembleDelivery(
  backend: Backend,
  deliverRemote: RemoteDelivery,
  deliverLocal = filteringDeliveries(backend).wholly,
  notices: Notices = assembleNotices(backend),
) {
  return createDelivery({
    queue: backend.queue,
    deliverLocal,
    deliverRemote,
    isFrozen: isFrozen(backend),
    suspicion: backend.suspicion,
    stageMessage: createStageMessage({ objects: backend.store.objects, clock: backend.clock }),
    notices,
    schedule: retrySchedule(backend),
    options: queueOptions(backend),
    clock: backend.clock,
    log: backend.log.child({ service: 'delivery' }),
  })
}

/** Takes bells from the queues and delivers what they ring for, by what `delivery` is at the time. */
export function openQueueManager(backend: () => Backend, delivery: () => Delivery) {
  const { store, queue, clock, log } = backend()
  return startQueueManager({
    bells: [store.queues.active, store.queues.deferred],
    queue,
    delivery: {
      deliver: (bell) => delivery().deliver(bell),
      suspend: (seen, reason) => delivery().suspend(seen, reason),
    },
    routes: { slotOf: (to) => backend().routes.slotOf(to) },
    limits: createLimits(() => backend().settings),
    clock,
    log: log.child({ service: 'delivery' }),
  })
}

/** Where each delivery has a process of its own: what they know of destinations is for all bells of this one. */
export function openSharedTurns({ store, queue, settings, clock, log }: Backend) {
  const destinations = createSharedDestinations({
    counters: store.tables.counters,
    limits: {
      failuresMax: failuresOfCohorts(
        settings.initialDestinationConcurrency,
        settings.defaultDestinationConcurrencyFailedCohortLimit,
      ),
      deadMs: settings.minimalBackoffTime,
    },
    clock,
  })
  return (delivery: Delivery, underWay: UnderWay) =>
    createSharedTurns({
      delivery,
      destinations,
      queue,
      underWay,
      clock,
      random: Math.random,
      log: log.child({ service: 'delivery' }),
    })
}

export function assembleSweeper({ store, queue, clock, log }: Backend) {
  const {
    incoming,
    active,
    deferred,
    'incoming-dead': incomingDead,
    'active-dead': activeDead,
  } = store.queues
  return {
    ...createSweeper({ queueTable: store.tables.queue, incoming, active, deferred, clock }),
    deadLetters: createDeadLetters({
      queue,
      incomingDead,
      activeDead,
      log: log.child({ service: 'sweeper' }),
    }),
  }
}

export function assembleCollector(backend: Backend) {
  const { store, directory, mailbox, takeouts, settings, clock } = backend
  const { objects } = store
  const { accounts } = directory
  const log = backend.log.child({ service: 'collector' })
  const collector = createCollector({
    queueTable: store.tables.queue,
    mail: store.tables.mail,
    objects,
    accounts,
    finishRemovalsOf: mailbox.folders.finishRemovals,
    removedAccounts: directory.removedAccounts,
    removeMailOf: mailbox.remove,
    // No driver knows its free room yet.
    pressure: () => store.space.isShort(),
    options: { graceMs: settings.collectorGraceTime },
    clock,
    log,
  })
  return { ...collector, sweepTakeouts: createTakeoutSweep({ objects, takeouts, accounts, log }) }
}

const placesOf = ({ mailbox, settings }: Backend) =>
  createPlaces({
    mailbox,
    options: { deliverToDetailFolder: settings.lmtpSaveToDetailMailbox },
  })

/** Of one process that does both: scripts that were compiled and memory for their runs are there once. */
export function filteringDeliveries(backend: Backend): {
  readonly wholly: LocalDelivery
  readonly onTheSpot: CleanupDelivery
} {
  const places = placesOf(backend)
  const deposit = createDeposit(backend)
  const { wholly, onTheSpot } = assembleFiltering(backend, { places, deposit })
  return {
    wholly: localDelivery(backend, wholly),
    onTheSpot: { deliverLocal: localDelivery(backend, onTheSpot), reads: true },
  }
}

function localDelivery(backend: Backend, filter: Filtering | undefined): LocalDelivery {
  const { account, settings } = backend
  const { concern } = createSiteScripts(settings)
  return createLocalDelivery({
    places: placesOf(backend),
    deposit: createDeposit(backend),
    account,
    isFiltered: ({ script }, { address }) =>
      script !== null || concern(parseAddress(address)?.domain),
    filter,
  })
}

/** Nothing is looked up where nobody had logged in. */
function isFrozen({ directory }: Backend): IsFrozen {
  return async ({ origin: { account } }) => {
    const id = account === null ? undefined : parseAccountId(account.id)
    const found = id && (await directory.accounts.byId(id))
    return found?.frozen != null
  }
}

function retrySchedule({ settings, clock }: Backend) {
  return createRetrySchedule(retryOptions(settings), clock, Math.random)
}

export function retryOptions(settings: Settings) {
  return {
    minimalBackoffMs: settings.minimalBackoffTime,
    maximalBackoffMs: settings.maximalBackoffTime,
    maximalQueueLifetimeMs: settings.maximalQueueLifetime,
    bounceQueueLifetimeMs: settings.bounceQueueLifetime,
  }
}

export function queueOptions({ settings, routes }: Pick<Backend, 'settings' | 'routes'>) {
  return {
    hostname: settings.hostname,
    ...routes,
    virtualAliasExpansionLimit: settings.virtualAliasExpansionLimit,
  }
}
