// The turns of deliveries that run in processes of their own, one bell each (Lambda). There is no window: how many run at the same time
// is the platform's. But nobody tries a destination that others have found dead, and one that keeps them waiting does not get all of
// them: those who come later are put off for a moment, and of those who wait only some go on waiting.

import { formatBell, parseBell } from '#shared/queue/bells.ts'
import { isToBeTaken } from '#shared/queue/lease.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import { slotInName } from '#shared/queue/new-groups.ts'
import { HANGING_MS, type SharedDestinations } from '#shared/queue/shared-destinations.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { BatchResult } from '#shared/storage/consumer.ts'
import type { QueueMessage } from '#shared/storage/ports.ts'
import type { Delivery } from '../delivery.ts'
import { forEachBell } from '../each-bell.ts'

/** Until a bell for a destination that keeps others waiting comes again, and so much more by chance. */
const PUT_OFF_MS = 30_000
const PUT_OFF_SPREAD_MS = 60_000

/** So long a delivery may wait for a session until others are told. */
const HANGS_MS = 10_000
/** Deliveries that may go on waiting for a session with one destination. */
const WAITING_MAX = 2
/** A host that has taken the session may take so long. */
const SPEAKING_MS = 60_000

/** The delivery that this process has under way. */
export type UnderWay = {
  /** Whether a host has taken the session: then it is waited for. */
  readonly isSpeaking: () => boolean
  /** Ends what waits for a session; it is deferred. */
  readonly giveUp: () => void
}

export function createSharedTurns(deps: {
  readonly delivery: Pick<Delivery, 'deliver' | 'suspend'>
  readonly destinations: SharedDestinations
  readonly queue: Pick<MailQueue, 'peek' | 'ringLater'>
  readonly underWay: UnderWay
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}) {
  const { delivery, destinations, queue, underWay, clock, log } = deps

  const handle = (bells: readonly QueueMessage[]): Promise<BatchResult> =>
    forEachBell(bells, takeTurn, log)

  async function takeTurn(text: string): Promise<void> {
    const bell = parseBell(text)
    if (bell === undefined) return
    // As it was when the group was written: to look where it goes now would be a read more for each message.
    const slot = slotInName(bell.group)
    if (slot === 'local') {
      await delivery.deliver(text)
      return
    }
    if (bell.isFlush) await unlessUnknown(() => destinations.revive(slot))
    const state = bell.isFlush ? fine : await unlessUnknown(() => destinations.stateOf(slot))
    if (state?.kind === 'dead') {
      const [seen] = await queue.peek([bell])
      if (seen && isToBeTaken(seen.group, clock.now())) await delivery.suspend(seen, state.reason)
    } else if (state?.kind === 'hanging') {
      const again = formatBell({ queueId: bell.queueId, name: bell.group })
      await queue.ringLater([again], PUT_OFF_MS + deps.random() * PUT_OFF_SPREAD_MS)
    } else {
      await deliver(text, slot)
    }
  }

  async function deliver(text: string, slot: string): Promise<void> {
    const ended = new AbortController()
    const watching = watch(slot, ended.signal)
    try {
      const { destination } = await delivery.deliver(text)
      if (destination?.kind === 'unreachable') {
        const { reply } = destination
        await unlessUnknown(() => destinations.failed(slot, reply))
      }
      if (destination?.kind === 'reached') await unlessUnknown(() => destinations.reached(slot))
    } finally {
      ended.abort()
      await watching
    }
  }

  /** Tells others of a delivery that takes long, as long as it does. */
  async function watch(slot: string, ended: AbortSignal): Promise<void> {
    await clock.sleep(HANGS_MS, ended)
    if (underWay.isSpeaking()) await clock.sleep(SPEAKING_MS - HANGS_MS, ended)
    if (ended.aborted) return
    const deliveries = await unlessUnknown(() => destinations.hangs(slot, { again: false }))
    if (deliveries !== undefined && deliveries > WAITING_MAX && !underWay.isSpeaking()) {
      log.info({ nextHop: slot, deliveries }, 'delivery given up: others wait there too')
      underWay.giveUp()
    }
    for (;;) {
      await clock.sleep((HANGING_MS * 2) / 3, ended)
      if (ended.aborted) break
      await unlessUnknown(() => destinations.hangs(slot, { again: true }))
    }
    await unlessUnknown(() => destinations.comesOn(slot))
  }

  /** Mail goes on while nothing can be known of its destination. */
  async function unlessUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      log.warn({ error }, 'state of a destination not known')
      return undefined
    }
  }

  return { handle }
}

const fine = { kind: 'fine' } as const
