// The services that own no socket, each put together on the core. Who wakes them is the root's business: consumers and clocks in
// one process (workers.ts), event sources and schedules on AWS.

import { createCleanup } from '#services/cleanup/cleanup.ts'
import { createCollector } from '#services/collector/collector.ts'
import { createDelivery } from '#services/delivery/delivery.ts'
import { createLocalDelivery } from '#services/delivery/local/local-delivery.ts'
import { createLists } from '#services/policy/lists.ts'
import { createPolicy } from '#services/policy/policy.ts'
import { createSendingLimits } from '#services/policy/sending-limits.ts'
import { createDeadLetters } from '#services/sweeper/dead-letters.ts'
import { createSweeper } from '#services/sweeper/sweeper.ts'
import type { Policy } from '#shared/contracts/policy.ts'
import { createStageMessage } from '#shared/queue/new-message.ts'
import type { LocalDelivery, RemoteDelivery } from '#shared/queue/pipeline.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'
import { createNetworkMatcher } from '#shared/runtime/settings/networks.ts'
import type { Settings } from '#shared/runtime/settings/table.ts'
import { type Core, routesOf } from './core.ts'

export function assemblePolicy(core: Core): Policy {
  const { directory, mailbox, settings, store, clock, log } = core
  const lists = createLists({
    directory,
    usage: mailbox.usage,
    isMynetwork: createNetworkMatcher(settings.mynetworks),
    sending: createSendingLimits({ counters: store.tables.counters, clock, options: settings }),
    options: settings,
  })
  return createPolicy({ lists, directory, options: settings, log })
}

export function assembleCleanup(core: Core, deliverLocal = localDelivery(core)) {
  const { store, queue, expand, clock } = core
  return createCleanup({
    queue,
    objects: store.objects,
    expand,
    deliverLocal,
    schedule: retrySchedule(core),
    options: queueOptions(core),
    clock,
    log: core.log.child({ service: 'cleanup' }),
  })
}

export function assembleDelivery(
  core: Core,
  deliverRemote: RemoteDelivery,
  deliverLocal = localDelivery(core),
) {
  return createDelivery({
    queue: core.queue,
    deliverLocal,
    deliverRemote,
    stageMessage: createStageMessage({ objects: core.store.objects, clock: core.clock }),
    schedule: retrySchedule(core),
    options: queueOptions(core),
    clock: core.clock,
    log: core.log.child({ service: 'delivery' }),
  })
}

export function assembleSweeper({ store, queue, clock, log }: Core) {
  const {
    incoming,
    active,
    'incoming-dead': incomingDead,
    'active-dead': activeDead,
  } = store.queues
  return {
    ...createSweeper({ queueTable: store.tables.queue, incoming, active, clock }),
    deadLetters: createDeadLetters({
      queue,
      incomingDead,
      activeDead,
      log: log.child({ service: 'sweeper' }),
    }),
  }
}

export function assembleCollector({ store, directory, mailbox, settings, clock, log }: Core) {
  return createCollector({
    queueTable: store.tables.queue,
    mail: store.tables.mail,
    objects: store.objects,
    accounts: directory.accounts,
    finishRemovalsOf: mailbox.folders.finishRemovals,
    // No driver knows its free room yet.
    pressure: () => store.space.isShort(),
    options: { graceMs: settings.collectorGraceTime },
    clock,
    log: log.child({ service: 'collector' }),
  })
}

function localDelivery({ mailbox, quota, settings, clock }: Core): LocalDelivery {
  return createLocalDelivery({
    mailbox,
    quota,
    options: { deliverToDetailFolder: settings.lmtpSaveToDetailMailbox },
    clock,
  })
}

function retrySchedule({ settings, clock }: Core) {
  return createRetrySchedule(retryOptions(settings), clock, Math.random)
}

export function retryOptions(settings: Settings) {
  return {
    minimalBackoffMs: settings.minimalBackoffTime,
    maximalBackoffMs: settings.maximalBackoffTime,
    maximalQueueLifetimeMs: settings.maximalQueueLifetime,
  }
}

export function queueOptions({ settings }: Pick<Core, 'settings'>) {
  return {
    hostname: settings.hostname,
    ...routesOf(settings),
    virtualAliasExpansionLimit: settings.virtualAliasExpansionLimit,
  }
}
