// The function `sweeper`: woken every minute, and by the hour for the signing keys.

import { assembleSweeper } from '#services/assembly/pipeline.ts'
import { assembleKeyUpkeep } from '#services/assembly/signing.ts'
import { raiseStoreFormat } from '#shared/storage/aws/store-format.ts'
import { openFigureGatherer } from './figures.ts'
import { onSchedule, openFunction } from './functions.ts'

/** The schedule's own pace; only what waits longer is late. */
const LATE_MS = 90_000
/** Before the function's time is over: what is left is looked at in the next hour. */
const STOP_BEFORE_END_MS = 30_000

const opened = await openFunction('sweeper', process.env)
// Before it works: what this version writes may be more than those before can read.
await raiseStoreFormat(opened.store.tables.directory)
const sweeper = assembleSweeper(opened.backend)
const figures = openFigureGatherer(opened.backend)

export const handler = onSchedule(opened, {
  async ring() {
    const { metrics } = opened
    const { rung, lateMs, oldestMs } = await sweeper.ringDue()
    if (rung > 0) opened.log.info({ rung, lateMs, oldestMs }, 'due items rung')
    if (lateMs > LATE_MS) metrics.gauge('DueLagSeconds', Math.round(lateMs / 1_000))
    if (oldestMs > 0) metrics.gauge('DeferredAgeSeconds', Math.round(oldestMs / 1_000))
    const held = await sweeper.countHeld()
    if (held > 0) metrics.gauge('Held', held)
    await sweeper.deadLetters.drain()
    await figures.gather()
  },
  async 'signing-keys'(leftMs) {
    const stop = AbortSignal.timeout(Math.max(0, leftMs() - STOP_BEFORE_END_MS))
    await assembleKeyUpkeep(await opened.running()).lookAtAll(stop)
  },
})
