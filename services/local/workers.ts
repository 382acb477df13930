// The services behind the queue, running in this process: consumers of the doorbell queues and the sweeper's clock.

import { createCleanup } from '#services/cleanup/cleanup.ts'
import { createDelivery } from '#services/delivery/delivery.ts'
import { createLocalDelivery } from '#services/delivery/local/local-delivery.ts'
import { createSweeper } from '#services/sweeper/sweeper.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'
import { nextHop } from '#shared/runtime/settings/address-kinds.ts'
import { startConsumer } from '#shared/storage/consumer.ts'
import type { Core } from './core.ts'
import { createExpand } from './expand.ts'

/** Doorbells taken from a queue at once; all of one batch share transactions. */
const BATCH_MAX = 64
const BATCHES_IN_WORK = 2
/** Longer than any cleanup; a group's own lease guards longer deliveries. */
const GATHER_MS = 5
const VISIBILITY_SECONDS = 120
const RETRY_SECONDS = 5
const SWEEP_EVERY_MS = 5_000
const HOUSEKEEPING_EVERY_MS = 3_600_000
const ORPHANS_EVERY_MS = 24 * 3_600_000
/** The search reads every object's name; a start has better things to do. */
const ORPHANS_FIRST_MS = 3_600_000

export function createWorkers(core: Core, deliverRemote: RemoteDelivery) {
  const { store, settings, queue, directory, mailbox, clock, log } = core
  const { tables, queues, objects } = store
  const options = {
    hostname: settings.hostname,
    relayhost: nextHop.format(settings.relayhost),
    destinationRecipientLimit: settings.defaultDestinationRecipientLimit,
    deliverToDetailFolder: settings.lmtpSaveToDetailMailbox,
  }
  const schedule = createRetrySchedule(
    {
      minimalBackoffMs: settings.minimalBackoffTime,
      maximalBackoffMs: settings.maximalBackoffTime,
      maximalQueueLifetimeMs: settings.maximalQueueLifetime,
    },
    clock,
    Math.random,
  )
  const deliverLocal = createLocalDelivery({
    mailbox,
    quota: core.quota,
    options,
    clock,
    log: log.child({ service: 'delivery' }),
  })
  const expand = createExpand(directory, parseDomain(settings.defaultDomain))
  const cleanup = createCleanup({
    queue,
    objects,
    expand,
    deliverLocal,
    schedule,
    options,
    clock,
    log: log.child({ service: 'cleanup' }),
  })
  const delivery = createDelivery({
    queue,
    deliverLocal,
    deliverRemote,
    schedule,
    options,
    clock,
    log: log.child({ service: 'delivery' }),
  })
  const sweeper = createSweeper({
    queueTable: tables.queue,
    mail: tables.mail,
    objects,
    incoming: queues.incoming,
    active: queues.active,
    clock,
    log: log.child({ service: 'sweeper' }),
  })

  /** Empties folders whose removal a crash interrupted. */
  async function finishRemovals(): Promise<void> {
    for await (const account of directory.accounts.list()) {
      await mailbox.finishRemovals(account.id)
    }
  }

  /** Starts the consumers and the sweeper's clock; `stop` resolves when the work in hand is finished. */
  function start(housekeeping: () => Promise<void>) {
    const consume = {
      batchMax: BATCH_MAX,
      concurrency: BATCHES_IN_WORK,
      gatherMs: GATHER_MS,
      visibilitySeconds: VISIBILITY_SECONDS,
      retrySeconds: RETRY_SECONDS,
    }
    const one = { ...consume, concurrency: 1 }
    const deps = { log, clock }
    const consumers = [
      startConsumer(queues.incoming, cleanup.handle, consume, deps),
      startConsumer(queues['incoming-dead'], cleanup.handleDead, one, deps),
      startConsumer(queues.active, delivery.handle, { ...consume, ...deliveries(settings) }, deps),
      startConsumer(queues['active-dead'], delivery.handleDead, one, deps),
    ]
    const stopping = new AbortController()
    const every = async (pauseMs: number, job: () => Promise<unknown>, firstMs = 0) => {
      if (firstMs > 0) await clock.sleep(firstMs, stopping.signal)
      while (!stopping.signal.aborted) {
        await job().catch((error) => log.error({ error }, 'sweep failed'))
        await clock.sleep(pauseMs, stopping.signal)
      }
    }
    let first = true
    const clocks = [
      every(SWEEP_EVERY_MS, async () => {
        await sweeper.ringDue({ incomingNow: first })
        first = false
      }),
      every(HOUSEKEEPING_EVERY_MS, async () => {
        await sweeper.collectDead()
        await finishRemovals()
        await housekeeping()
      }),
      every(ORPHANS_EVERY_MS, sweeper.findOrphans, ORPHANS_FIRST_MS),
    ]
    return {
      async stop() {
        stopping.abort()
        await Promise.all([...consumers.map((consumer) => consumer.stop()), ...clocks])
      },
    }
  }

  return { cleanup, delivery, sweeper, start }
}

/** Each remote delivery waits on another host: small batches, many of them. */
function deliveries(settings: { readonly defaultDestinationConcurrencyLimit: number }) {
  return { batchMax: 1, gatherMs: 0, concurrency: settings.defaultDestinationConcurrencyLimit }
}
