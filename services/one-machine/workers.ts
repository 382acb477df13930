// The services behind the queue, running in this process: the consumer of the queue `incoming`, the queue manager, and the clocks of the
// sweeper and the collector.

import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Backend } from '#services/assembly/backend.ts'
import {
  assembleCleanup,
  assembleCollector,
  assembleDelivery,
  assembleSweeper,
  filteringDeliveries,
  openQueueManager,
} from '#services/assembly/pipeline.ts'
import { assembleKeyUpkeep } from '#services/assembly/signing.ts'
import type { QueueManager } from '#services/delivery/queue-manager/queue-manager.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { startConsumer } from '#shared/storage/consumer.ts'
import { queueLayouts } from '#shared/storage/ports.ts'

/** Doorbells taken from a queue at once; all of one batch share transactions. */
const BATCH_MAX = 64
const BATCHES_IN_WORK = 2
/** Pause after a batch, in which doorbells gather for the next. */
const GATHER_MS = 5
/** Longer than any cleanup. */
const VISIBILITY_SECONDS = 120
const SWEEP_EVERY_MS = 5_000
const HOUSEKEEPING_EVERY_MS = 3_600_000
/** Who publishes the record of a key waits for that. */
const KEYS_EVERY_MS = 3_600_000
/** How soon a disk that ran short of room gets some of what is dead already. */
const RELIEF_EVERY_MS = 5 * 60_000
const ORPHANS_EVERY_MS = 24 * 3_600_000
/** The search reads every object's name; a start has better things to do. */
const ORPHANS_FIRST_MS = 3_600_000

export function createWorkers(backend: Backend, deliverRemote: RemoteDelivery) {
  const { store, clock, log } = backend
  let running = backend
  let services = assemble(backend, deliverRemote)
  let queueManager: QueueManager | undefined
  const { sweeper } = services

  /** What begins from now on is done by these settings; what is under way ends by the old ones. */
  function change(changed: Backend, deliver: RemoteDelivery): void {
    running = changed
    services = assemble(changed, deliver)
    void queueManager?.reroute().catch((error) => log.error({ error }, 'queue manager failed'))
  }

  /** Starts the consumers and the sweeper's clock; `stop` resolves when the work in hand is finished. */
  function start(housekeeping: () => Promise<void>) {
    const consume = {
      batchMax: BATCH_MAX,
      concurrency: BATCHES_IN_WORK,
      gatherMs: GATHER_MS,
      visibilitySeconds: VISIBILITY_SECONDS,
      receivesMax: queueLayouts.incoming.receivesMax,
    }
    const deps = { log, clock }
    const { queues } = store
    const consumer = startConsumer(
      queues.incoming,
      (bells) => services.cleanup.handle(bells),
      consume,
      deps,
    )
    const manager = openQueueManager(
      () => running,
      () => services.delivery,
    )
    queueManager = manager
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
        await sweeper.ringDue({ isStart: first, groupsMax: manager.room })
        first = false
        await sweeper.deadLetters.drain()
      }),
      every(HOUSEKEEPING_EVERY_MS, async () => {
        await services.collector.collectDead()
        await services.collector.finishRemovals()
        await services.collector.sweepTakeouts()
        await assembleAdministration(running, () => {}).quarantine.forget()
        await housekeeping()
      }),
      every(KEYS_EVERY_MS, () => services.keyUpkeep.lookAtAll(stopping.signal)),
      every(RELIEF_EVERY_MS, () => services.collector.relieve(), RELIEF_EVERY_MS),
      every(ORPHANS_EVERY_MS, () => services.collector.findOrphans(), ORPHANS_FIRST_MS),
    ]
    return {
      async stop() {
        stopping.abort()
        await Promise.all([consumer.stop(), manager.stop(), ...clocks])
      },
    }
  }

  return { ...services, change, start }
}

function assemble(backend: Backend, deliverRemote: RemoteDelivery) {
  const { onTheSpot, wholly } = filteringDeliveries(backend)
  return {
    cleanup: assembleCleanup(backend, onTheSpot),
    delivery: assembleDelivery(backend, deliverRemote, wholly),
    sweeper: assembleSweeper(backend),
    collector: assembleCollector(backend),
    keyUpkeep: assembleKeyUpkeep(backend),
  }
}
