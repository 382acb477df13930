// The queue manager of one machine, Postfix's qmgr(8): takes bells as long as there is room in the active set, and delivers what is in
// it, each in its turn. It has the set alone; the queue has the mail.
//
// Implementation notes: a bell is acknowledged when its group is in the set, and not when it is delivered. Should the process end in
// between nothing is lost: each group has a time in the queue table at which the sweeper looks at it, and a new process rings at
// once for all that waits. What is rung again meanwhile is in the set already, and there once.

import { asFlush, formatBell, parseBell } from '#shared/queue/bells.ts'
import { isToBeTaken } from '#shared/queue/lease.ts'
import type { MailQueue } from '#shared/queue/mail-queue.ts'
import type { SlotOf } from '#shared/queue/new-groups.ts'
import type { DestinationReport } from '#shared/queue/pipeline.ts'
import type { SeenGroup } from '#shared/queue/suspension.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Queue, QueueMessage } from '#shared/storage/ports.ts'
import type { Delivery } from '../delivery.ts'
import { ActiveSet, type Limits } from './active-set.ts'
import type { Job } from './destination.ts'
import { jobOf } from './job.ts'

/** Bells taken at once: they share a commit. */
const BELLS_MAX = 100
/** Of a bell that is not acknowledged, until it comes again. */
const VISIBILITY_SECONDS = 120
const WAIT_SECONDS = 20
/** While there is no room, how often it is looked for; it is told, too. */
const ROOM_PAUSE_MS = 1_000
const PAUSE_AFTER_ERROR_MS = 1_000
/** Groups put off at the same time. */
const SUSPENDS_MAX = 20
/** Until a group is tried again that could not be read or written. */
const STORE_FAILED_PAUSE_MS = 15_000

export interface QueueManager {
  /** How many more groups there is room for. */
  readonly room: number
  /** Ways may have changed: who waits is asked again where he goes. */
  reroute(): Promise<void>
  /** Begins nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

export function startQueueManager(deps: {
  readonly bells: readonly Queue[]
  readonly queue: Pick<MailQueue, 'peek' | 'ringLater'>
  readonly delivery: Pick<Delivery, 'deliver' | 'suspend'>
  readonly routes: { readonly slotOf: SlotOf }
  readonly limits: Limits
  readonly clock: Clock
  readonly log: Log
}): QueueManager {
  const { queue, delivery, clock, log } = deps
  const set = new ActiveSet(deps.limits)
  const stopping = new AbortController()
  const { signal } = stopping
  const underWay = new Set<Promise<unknown>>()
  let alarm = new AbortController()
  let alarmMs: number | undefined
  let ended: () => void = () => {}

  async function listen(bells: Queue): Promise<void> {
    while (!signal.aborted) {
      try {
        if (set.room === 0) {
          await roomOrPause()
          continue
        }
        const messages = await bells.receive({
          max: Math.min(BELLS_MAX, set.room),
          visibilitySeconds: VISIBILITY_SECONDS,
          waitSeconds: WAIT_SECONDS,
          signal,
        })
        if (messages.length === 0) continue
        await takeIn(messages.map(({ body }) => body))
        track(acknowledge(bells, messages))
      } catch (error) {
        log.error({ error }, 'consumer failed')
        await clock.sleep(PAUSE_AFTER_ERROR_MS, signal)
      }
    }
  }

  async function acknowledge(bells: Queue, messages: readonly QueueMessage[]): Promise<void> {
    await bells
      .acknowledge(messages.map(({ receipt }) => receipt))
      .catch((error) => log.warn({ error }, 'doorbells not settled'))
  }

  async function roomOrPause(): Promise<void> {
    const paused = new AbortController()
    ended = () => paused.abort()
    await clock.sleep(ROOM_PAUSE_MS, paused.signal)
  }

  async function takeIn(texts: readonly string[]): Promise<void> {
    const bells = texts.flatMap((text) => parseBell(text) ?? [])
    const seen = await queue.peek(bells)
    const suspended: Suspended[] = []
    const crowded: { readonly bell: string; readonly againMs: number }[] = []
    for (const [n, one] of seen.entries()) {
      const isFlush = bells[n]?.isFlush === true
      // Deferred again after this bell was sent it has another one.
      if (one === undefined || !(isFlush || isToBeTaken(one.group, clock.now()))) continue
      const routed = await jobOf(one, deps.routes).catch((error: unknown) => {
        // It alone waits for that; the others of its batch do not.
        const { queueId, name: group } = one.group
        log.error({ queueId, group, error }, 'way of a group not found')
        crowded.push({
          bell: formatBell(one.group, { isFlush }),
          againMs: clock.now() + STORE_FAILED_PAUSE_MS,
        })
      })
      if (routed === undefined) continue
      const job = { ...routed, isFlush }
      const nowMs = clock.now()
      if (isFlush) set.revive(job.slot, nowMs)
      const added = set.add(job, nowMs)
      if (added.kind === 'suspended') suspended.push({ seen: one, reason: added.reason })
      if (added.kind === 'crowded') crowded.push({ bell: ringOf(job), againMs: added.againMs })
    }
    start()
    await comeAgain(crowded)
    await suspendAll(suspended)
  }

  async function comeAgain(
    crowded: readonly { readonly bell: string; readonly againMs: number }[],
  ): Promise<void> {
    const bySecond = Map.groupBy(crowded, ({ againMs }) => Math.ceil(againMs / 1_000))
    for (const [second, some] of bySecond) {
      await queue.ringLater(
        some.map(({ bell }) => bell),
        second * 1_000 - clock.now(),
      )
    }
  }

  async function suspendAll(all: readonly Suspended[]): Promise<void> {
    for (const some of chunks(all, SUSPENDS_MAX)) {
      await Promise.all(
        some.map(({ seen, reason }) =>
          delivery.suspend(seen, reason).catch((error) => {
            // It is due again by itself.
            const { queueId, name: group } = seen.group
            log.error({ queueId, group, error }, 'group not put off')
          }),
        ),
      )
    }
  }

  /** Who waited for a destination that is dead or hangs now. */
  function suspendNow(all: readonly { readonly job: Job; readonly reason: string }[]): void {
    for (const [nextHop, some] of Map.groupBy(all, ({ job }) => job.slot)) {
      const [{ reason: reply } = { reason: '' }] = some
      log.info({ nextHop, groups: some.length, reply }, 'destination suspended')
      track(
        suspendJobs(
          some.map(({ job }) => job),
          reply,
        ),
      )
    }
  }

  async function suspendJobs(jobs: readonly Job[], reason: string): Promise<void> {
    for (const some of chunks(jobs, BELLS_MAX)) {
      const seen = await queue.peek(some.flatMap(({ bell }) => parseBell(bell) ?? []))
      await suspendAll(seen.flatMap((one) => (one ? [{ seen: one, reason }] : [])))
    }
  }

  /** Begins all that may begin now, and comes again when more may. */
  function start(): void {
    if (signal.aborted) return
    const nowMs = clock.now()
    for (let job = set.next(nowMs); job !== undefined; job = set.next(nowMs)) track(run(job))
    suspendNow(set.takeSuspended())
    const { wakeMs } = set
    // One that is too early does no harm.
    if (wakeMs !== undefined && alarmMs !== undefined && alarmMs <= wakeMs) return
    alarm.abort()
    alarmMs = wakeMs
    if (wakeMs === undefined) return
    alarm = new AbortController()
    const { signal: silenced } = alarm
    void clock.sleep(Math.max(0, wakeMs - nowMs), silenced).then(() => {
      if (silenced.aborted) return
      alarmMs = undefined
      start()
    })
  }

  async function run(job: Job): Promise<void> {
    let report: DestinationReport | undefined
    try {
      report = (await delivery.deliver(ringOf(job))).destination
    } catch (error) {
      log.error({ bell: job.bell, error }, 'delivery failed')
      // A bug waits for its time in the queue, the store may be there again sooner.
      if (error instanceof TemporaryFailure) {
        await queue.ringLater([ringOf(job)], STORE_FAILED_PAUSE_MS)
      }
    }
    set.end(job, report, clock.now())
    ended()
    start()
  }

  function track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error) => log.error({ error }, 'queue manager failed'))
      .finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }

  async function reroute(): Promise<void> {
    const bells = set.clear(clock.now()).map(ringOf)
    for (const some of chunks(bells, BELLS_MAX)) {
      await takeIn(some)
    }
  }

  const loops = deps.bells.map(listen)
  return {
    get room() {
      return set.room
    },
    reroute,
    async stop() {
      stopping.abort()
      alarm.abort()
      set.clear(clock.now())
      ended()
      await Promise.all(loops)
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

const ringOf = ({ bell, isFlush }: Job) => (isFlush ? asFlush(bell) : bell)

type Suspended = { readonly seen: SeenGroup; readonly reason: string }
