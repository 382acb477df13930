// The function `collector`: woken hourly and daily; the only one that may delete objects.

import { assembleCollector } from '#services/assembly/pipeline.ts'
import { removeDeadWatchQueues } from '#shared/storage/aws/watch-janitor.ts'
import { onSchedule, openFunction } from './functions.ts'
import { remade } from './running.ts'

/** The orphan search goes back so far, not to the first message ever: its cost follows what arrives. Several runs may fail. */
const ORPHANS_LOOK_BACK_MS = 4 * 24 * 3_600_000

/** More than one go takes. */
const COLLECTING_MS = 240_000

const opened = await openFunction('collector', process.env)
const { backend, store, clients, variables } = opened
const collector = remade(opened.running, (inForce) => assembleCollector(inForce))

export const handler = onSchedule(opened, {
  /** A busy system makes more in an hour than one go collects. */
  async dead(leftMs) {
    const { collectDead, sweepTakeouts } = await collector()
    while ((await collectDead()) > 0 && leftMs() > COLLECTING_MS);
    await sweepTakeouts()
  },
  orphans: async () =>
    await (await collector()).findOrphans(backend.clock.now() - ORPHANS_LOOK_BACK_MS),
  removals: async () => await (await collector()).finishRemovals(),
  'watch-queues': () =>
    removeDeadWatchQueues({
      sqs: clients.sqs,
      table: store.tables.mail,
      watchQueuePrefix: variables.WATCH_QUEUE_PREFIX,
      clock: backend.clock,
      log: opened.log,
    }),
})
