// The active set in a world of its own: messages arrive, deliveries take their time, hosts refuse, hang or flap, and what is deferred waits
// on a disk that is nothing but numbers. The clock jumps from event to event. Nothing is kept of a message but its number: all else of it
// follows from that.

import {
  ActiveSet,
  type Limits,
  SLOW_MS,
  SLOW_PER_PROCESS_MAX,
} from '#services/delivery/queue-manager/active-set.ts'
import type { DestinationLimits } from '#services/delivery/queue-manager/concurrency.ts'
import type { Job } from '#services/delivery/queue-manager/destination.ts'
import { WakeTimes } from '#services/delivery/queue-manager/wake-times.ts'
import type { DestinationReport } from '#shared/queue/pipeline.ts'
import { createRetrySchedule } from '#shared/queue/retry-schedule.ts'

export type Behaviour = 'healthy' | 'refusing' | 'hung' | 'flapping' | 'greylisting'

export type World = {
  readonly messages: number
  readonly destinations: number
  readonly arrivalsPerSecond: number
  /** Of destinations, how many in a hundred; the others are healthy. */
  readonly percent: { readonly [behaviour in Exclude<Behaviour, 'healthy'>]: number }
  readonly senders: number
  /** Of messages, how many in a hundred are of one sender and for one destination. */
  readonly bulkPercent: number
  readonly processes: number
  readonly activeMax: number
  readonly lifetimeMs: number
  readonly random: () => number
}

export type SimulationReport = {
  readonly delivered: number
  readonly returned: number
  readonly attempts: number
  readonly suspended: number
  readonly crowded: number
  /** From arrival to the first attempt, at healthy destinations. */
  readonly lettersWaitMs: Spread
  readonly othersWaitMs: Spread
  readonly bulkWaitMs: Spread
  /** Pauses of what was deferred, divided by what the rule says: min(max, max(min, age)). */
  readonly pauses: Spread
  readonly mostAtOnce: number
  readonly mostAtOnceOfOne: number
  readonly mostInSet: number
  readonly mostDestinations: number
  readonly endedMs: number
}

export type Spread = {
  readonly count: number
  readonly least: number
  readonly median: number
  readonly p99: number
  readonly most: number
}

const limits: DestinationLimits = {
  initial: 5,
  concurrency: 20,
  positiveFeedback: { base: 1, per: 'one' },
  negativeFeedback: { base: 1, per: 'one' },
  failedCohortLimit: 1,
  rateDelayMs: 0,
  deadMs: 300_000,
}
const MINIMAL_BACKOFF_MS = 300_000
const MAXIMAL_BACKOFF_MS = 4_000_000
const HUNG_MS = 300_000
const BULK_SLOT = 'bulk.test'
const BULK_SENDER = 'list'

type Ended = {
  readonly job: Job
  readonly n: number
  readonly isDelivered: boolean
  readonly report: DestinationReport
}

export function simulate(world: World): SimulationReport {
  const { random } = world
  let nowMs = 0
  const clock = { now: () => nowMs, sleep: async () => {} }
  const schedule = createRetrySchedule(
    {
      minimalBackoffMs: MINIMAL_BACKOFF_MS,
      maximalBackoffMs: MAXIMAL_BACKOFF_MS,
      maximalQueueLifetimeMs: world.lifetimeMs,
      bounceQueueLifetimeMs: world.lifetimeMs,
    },
    clock,
    random,
  )
  const given: Limits = {
    activeMax: () => world.activeMax,
    transportOf: () => 'smtp',
    processesOf: () => world.processes,
    destinationOf: () => limits,
  }
  const set = new ActiveSet(given)
  const ends = new WakeTimes<Ended>()
  /** Numbers of messages, by when they are due. */
  const disk = new WakeTimes<number>()
  const numbers = new Map<string, number>()
  const runningOf = new Map<string, number>()
  const counts = { delivered: 0, returned: 0, attempts: 0, suspended: 0, crowded: 0 }
  const most = { atOnce: 0, atOnceOfOne: 0, inSet: 0, destinations: 0 }
  const waits = { letters: new Spreading(), others: new Spreading(), bulk: new Spreading() }
  const pauses = new Spreading()
  const tried = new Uint8Array(Math.ceil(world.messages / 8))
  let running = 0
  let arrived = 0
  let left = world.messages

  const arrivedMs = (n: number) => Math.floor((n * 1_000) / world.arrivalsPerSecond)
  const isBulk = (n: number) => hash(n, 1) % 100 < world.bulkPercent
  const slotOf = (n: number) => {
    if (isBulk(n)) return BULK_SLOT
    // Some have very much more mail than others.
    const u = hash(n, 2) / 2 ** 32
    return `d${Math.floor(world.destinations * u ** 3)}`
  }

  function behaviourOf(slot: string): Behaviour {
    if (slot === BULK_SLOT) return 'healthy'
    let at = hash(Number(slot.slice(1)), 3) % 100
    for (const name of ['refusing', 'hung', 'flapping', 'greylisting'] as const) {
      at -= world.percent[name]
      if (at < 0) return name
    }
    return 'healthy'
  }

  function jobOf(n: number): Job {
    const isLetter = !isBulk(n) && hash(n, 4) % 2 === 0 && !isTried(n)
    const sender = isBulk(n) ? BULK_SENDER : `s${hash(n, 5) % world.senders}`
    return { bell: `Q ${n}`, slot: slotOf(n), sender, isLetter }
  }

  const isTried = (n: number) => ((tried[n >> 3] ?? 0) & (1 << (n & 7))) !== 0
  const setTried = (n: number) => {
    tried[n >> 3] = (tried[n >> 3] ?? 0) | (1 << (n & 7))
  }

  function takeIn(n: number): void {
    const job = jobOf(n)
    const added = set.add(job, nowMs)
    if (added.kind === 'waits') numbers.set(job.bell, n)
    if (added.kind === 'suspended') {
      counts.suspended++
      defer(n)
    }
    if (added.kind === 'crowded') {
      counts.crowded++
      disk.add(added.againMs, n)
    }
    most.inSet = Math.max(most.inSet, set.size)
    most.destinations = Math.max(most.destinations, set.destinations)
  }

  /** After an attempt, or what counts as one. */
  function defer(n: number): void {
    const message = { arrivedMs: arrivedMs(n), envelope: { sender: 'x' } }
    const result = { kind: 'deferred', status: '4.4.1', reply: '' } as const
    if (schedule.expire(message, result).kind === 'failed') {
      counts.returned++
      left--
      return
    }
    const dueMs = schedule.nextAttemptMs(message.arrivedMs)
    const age = nowMs - message.arrivedMs
    const rule = Math.min(MAXIMAL_BACKOFF_MS, Math.max(MINIMAL_BACKOFF_MS, age))
    pauses.add((dueMs - nowMs) / rule)
    disk.add(dueMs, n)
  }

  function begin(job: Job): void {
    const n = numbers.get(job.bell)
    if (n === undefined) throw new Error(`${job.bell} is not waiting`)
    counts.attempts++
    const behaviour = behaviourOf(job.slot)
    if (!isTried(n) && behaviour === 'healthy') {
      const of = isBulk(n) ? waits.bulk : job.isLetter ? waits.letters : waits.others
      of.add(nowMs - arrivedMs(n))
    }
    const wasTried = isTried(n)
    setTried(n)
    running++
    const ofOne = (runningOf.get(job.slot) ?? 0) + 1
    runningOf.set(job.slot, ofOne)
    most.atOnce = Math.max(most.atOnce, running)
    most.atOnceOfOne = Math.max(most.atOnceOfOne, ofOne)
    const quickMs = 50 + (hash(n, 6) % 300)
    const refusal = { kind: 'unreachable', reply: `${job.slot} refused` } as const
    const reached = { kind: 'reached' } as const
    const end = (ms: number, isDelivered: boolean, report: DestinationReport) =>
      ends.add(nowMs + ms, { job, n, isDelivered, report })
    if (behaviour === 'refusing') end(5, false, refusal)
    else if (behaviour === 'hung') end(HUNG_MS, false, refusal)
    else if (behaviour === 'flapping' && random() < 0.2) end(quickMs, false, refusal)
    else end(quickMs, behaviour !== 'greylisting' || wasTried, reached)
  }

  function endOne({ job, n, isDelivered, report }: Ended): void {
    running--
    const ofOne = (runningOf.get(job.slot) ?? 0) - 1
    if (ofOne === 0) runningOf.delete(job.slot)
    else runningOf.set(job.slot, ofOne)
    numbers.delete(job.bell)
    set.end(job, report, nowMs)
    if (isDelivered) {
      counts.delivered++
      left--
    } else defer(n)
  }

  function suspendThose(): void {
    for (const {
      job: { bell },
    } of set.takeSuspended()) {
      const waiting = numbers.get(bell)
      if (waiting === undefined) throw new Error(`${bell} was not waiting`)
      numbers.delete(bell)
      counts.suspended++
      defer(waiting)
    }
  }

  while (left > 0) {
    const next = [
      arrived < world.messages ? arrivedMs(arrived) : undefined,
      ends.firstMs,
      set.wakeMs,
      disk.firstMs,
    ].filter((ms) => ms !== undefined)
    // Never backwards: a wake may be over.
    nowMs = Math.max(nowMs, Math.min(...next))
    while (arrived < world.messages && arrivedMs(arrived) <= nowMs) takeIn(arrived++)
    for (let n = disk.take(nowMs); n !== undefined; n = disk.take(nowMs)) takeIn(n)
    for (let ended = ends.take(nowMs); ended; ended = ends.take(nowMs)) endOne(ended)
    for (let job = set.next(nowMs); job; job = set.next(nowMs)) begin(job)
    suspendThose()
  }
  return {
    ...counts,
    lettersWaitMs: waits.letters.spread,
    othersWaitMs: waits.others.spread,
    bulkWaitMs: waits.bulk.spread,
    pauses: pauses.spread,
    mostAtOnce: most.atOnce,
    mostAtOnceOfOne: most.atOnceOfOne,
    mostInSet: most.inSet,
    mostDestinations: most.destinations,
    endedMs: nowMs,
  }
}

/** Under way at the same time: those that are quick, and those that hang and take nobody's room. */
export const atOnceMax = (processes: number) => processes * (1 + SLOW_PER_PROCESS_MAX)
export { SLOW_MS }

/** Of values without keeping them: so fine that two of one class differ by a hundredth. */
class Spreading {
  readonly #classes = new Map<number, number>()
  #count = 0
  #least = Number.POSITIVE_INFINITY
  #most = Number.NEGATIVE_INFINITY

  add(value: number): void {
    const which = value <= 0 ? -100_000 : Math.floor(Math.log(value) / Math.log(1.01))
    this.#classes.set(which, (this.#classes.get(which) ?? 0) + 1)
    this.#count++
    this.#least = Math.min(this.#least, value)
    this.#most = Math.max(this.#most, value)
  }

  get spread(): Spread {
    const of = (part: number) => {
      let left = this.#count * part
      for (const [which, count] of [...this.#classes].sort(([a], [b]) => a - b)) {
        left -= count
        if (left <= 0) return which === -100_000 ? 0 : 1.01 ** which
      }
      return 0
    }
    return {
      count: this.#count,
      least: this.#count === 0 ? 0 : this.#least,
      median: of(0.5),
      p99: of(0.99),
      most: this.#count === 0 ? 0 : this.#most,
    }
  }
}

/** 32 bits of a number and a salt, evenly spread. */
function hash(n: number, salt: number): number {
  let h = Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
