// The active set: all groups that are to be delivered now, and who of them goes next. It knows no clock and does nothing by itself:
// whoever has it says what time it is, delivers what it names, and tells what came of it.
//
// Each transport has room of its own, so that folders here do not wait for hosts elsewhere. Within one the destinations that may start
// a delivery have it in turn, within a destination its senders; letters go before bulk (destination.ts).
//
// A destination that hangs must not have all the room. A delivery that takes long makes room for another one; and one that waits longer
// still, for a destination that nobody got through to meanwhile, shows that it hangs: then it is as good as dead, but for one delivery at
// a time, apart from the others, that finds out when it does not.
//
// Invariants: a group is in the set once. Nobody waits for what is dead, or hangs. A destination of which nothing is to be remembered is
// forgotten, so that memory goes with what is in the set and not with what has been.

import type { DestinationReport } from '#shared/queue/pipeline.ts'
import type { DestinationLimits } from './concurrency.ts'
import { Destination, type Job, LOCAL } from './destination.ts'
import { Fifo } from './fifo.ts'
import { WakeTimes } from './wake-times.ts'

/** A delivery that takes longer makes room for another one: it holds a socket, and nobody's turn. */
export const SLOW_MS = 3_000
/** Of one transport, for each of its processes; more of them take the room of others again. */
export const SLOW_PER_PROCESS_MAX = 20
/** A destination hangs that lets a delivery wait so long, and others no less. There are hosts that greet after ten seconds. */
export const HANGS_MS = 15_000
/** Of the room of slow deliveries what those may have who find out whether a destination still hangs. */
const PROBES_SHARE = 1 / 2

/** Asked again and again, so that what is changed counts; of a destination when it comes into the set. */
export interface Limits {
  /** Jobs in memory, those under way among them. */
  readonly activeMax: () => number
  readonly transportOf: (slot: string) => string
  /** Deliveries by one transport at the same time. */
  readonly processesOf: (transport: string) => number
  readonly destinationOf: (slot: string) => DestinationLimits
}

export type Added =
  | { readonly kind: 'waits' }
  /** It is there already. */
  | { readonly kind: 'known' }
  /** Its destination is dead: it is not tried. */
  | { readonly kind: 'suspended'; readonly reason: string }
  /** Its destination has all the room it may have: when there may be some again. */
  | { readonly kind: 'crowded'; readonly againMs: number }

type Transport = {
  readonly name: string
  readonly turns: Fifo<Destination>
  /** Of those that hang. */
  readonly probes: Fifo<Destination>
  /** Under way, as they began. */
  readonly quick: Map<Running, number>
  /** Under way for so long that they take nobody's room. */
  slow: number
}

type Running = {
  readonly job: Job
  readonly destination: Destination
  readonly transport: Transport
  readonly startedMs: number
  isSlow: boolean
}

/** What is to be looked at again at some time. */
type Wake =
  | { readonly kind: 'destination'; readonly destination: Destination }
  | { readonly kind: 'delivery'; readonly running: Running }

/** Not in the set any more, and not tried. */
export type Suspended = { readonly job: Job; readonly reason: string }

export class ActiveSet {
  readonly #limits: Limits
  readonly #transports = new Map<string, Transport>()
  readonly #destinations = new Map<string, Destination>()
  /** By bell; undefined of those who wait. */
  readonly #jobs = new Map<string, Running | undefined>()
  /** When the dead come back, the delayed are ready, and the slow show that their destination hangs. */
  readonly #wakes = new WakeTimes<Wake>()
  #suspended: Suspended[] = []
  /** The transport that is asked first. */
  #turn = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Waiting and under way. */
  get size(): number {
    return this.#jobs.size
  }

  get room(): number {
    return Math.max(0, this.#limits.activeMax() - this.size)
  }

  /** Remembered. */
  get destinations(): number {
    return this.#destinations.size
  }

  has(bell: string): boolean {
    return this.#jobs.has(bell)
  }

  /**
   * A destination may have as many waiting as there is room left: alone it has half of the set, two have a third each, and there is
   * always room for another.
   */
  add(job: Job, nowMs: number): Added {
    if (this.#jobs.has(job.bell)) return { kind: 'known' }
    const destination = this.#destination(job.slot)
    const { concurrency, pace } = destination
    concurrency.wake(nowMs)
    if (concurrency.dead !== undefined) {
      return { kind: 'suspended', reason: concurrency.dead.reason }
    }
    if (destination.hangsUntilMs > nowMs && !this.#mayProbe(destination)) {
      return { kind: 'suspended', reason: hangs(destination) }
    }
    if (destination.waiting >= this.room) {
      const againMs = pace.roomAtMs(destination.waiting, nowMs)
      this.#forgetIdle(destination, nowMs)
      return { kind: 'crowded', againMs }
    }
    destination.add(job)
    this.#jobs.set(job.bell, undefined)
    this.#giveTurn(destination, nowMs)
    return { kind: 'waits' }
  }

  /** Who waited for a destination that is dead or hangs now; each is told once. */
  takeSuspended(): readonly Suspended[] {
    const all = this.#suspended
    this.#suspended = []
    return all
  }

  /** Begins the next delivery; undefined when none may begin now. */
  next(nowMs: number): Job | undefined {
    this.#wakeThose(nowMs)
    const transports = [...this.#transports.values()]
    for (let n = 1; n <= transports.length; n++) {
      const transport = transports[(this.#turn + n) % transports.length]
      const job = transport && this.#nextOf(transport, nowMs)
      if (job === undefined) continue
      this.#turn = (this.#turn + n) % transports.length
      return job
    }
    return undefined
  }

  /** What came of a delivery; undefined where it says nothing of the destination. */
  end(job: Job, report: DestinationReport | undefined, nowMs: number): void {
    const running = this.#jobs.get(job.bell)
    if (running === undefined) throw new Error(`${job.bell} is not under way`)
    this.#jobs.delete(job.bell)
    const { destination, transport } = running
    if (running.isSlow) {
      transport.slow--
      destination.slow--
    } else transport.quick.delete(running)
    const { concurrency, pace } = destination
    if (report?.kind === 'reached') {
      destination.reachedMs = nowMs
      destination.hangsUntilMs = 0
      concurrency.succeed()
    }
    if (report?.kind === 'unreachable' && concurrency.fail(report.reply, nowMs)) {
      this.#die(destination)
    }
    concurrency.end(nowMs)
    pace.ended(nowMs)
    if (concurrency.readyMs > nowMs) this.#wakeAt(concurrency.readyMs, destination)
    this.#giveTurn(destination, nowMs)
    this.#forgetIdle(destination, nowMs)
  }

  /** An operator wants it tried. */
  revive(slot: string, nowMs: number): void {
    const destination = this.#destinations.get(slot)
    if (destination === undefined) return
    destination.hangsUntilMs = 0
    destination.concurrency.wake(nowMs, { now: true })
  }

  /** Takes out all who wait. */
  clear(nowMs: number): readonly Job[] {
    const all: Job[] = []
    for (const destination of [...this.#destinations.values()]) {
      for (const job of this.#drain(destination)) all.push(job)
      this.#forgetIdle(destination, nowMs)
    }
    return all
  }

  /** When `next` may have one although nothing ended and nothing came; undefined for never. */
  get wakeMs(): number | undefined {
    let wakeMs = this.#wakes.firstMs
    for (const transport of this.#transports.values()) {
      const [startedMs] = transport.quick.values()
      if (startedMs === undefined || transport.slow >= this.#slowMax(transport)) continue
      wakeMs = Math.min(wakeMs ?? Number.POSITIVE_INFINITY, startedMs + SLOW_MS)
    }
    return wakeMs
  }

  #nextOf(transport: Transport, nowMs: number): Job | undefined {
    const { probes, turns, quick } = transport
    const probe = transport.slow < this.#slowMax(transport) && this.#takeTurn(probes, nowMs)
    if (probe) return this.#begin(probe, transport, { nowMs, isSlow: true })
    if (quick.size >= this.#limits.processesOf(transport.name)) return undefined
    const next = this.#takeTurn(turns, nowMs)
    return next && this.#begin(next, transport, { nowMs, isSlow: false })
  }

  #takeTurn(turns: Fifo<Destination>, nowMs: number) {
    for (;;) {
      const destination = turns.shift()
      if (destination === undefined) return undefined
      destination.hasTurn = false
      const job = isReady(destination, nowMs) ? destination.take() : undefined
      if (job !== undefined) return { job, destination }
    }
  }

  #begin(
    { job, destination }: { readonly job: Job; readonly destination: Destination },
    transport: Transport,
    { nowMs, isSlow }: { readonly nowMs: number; readonly isSlow: boolean },
  ): Job {
    const running = { job, destination, transport, startedMs: nowMs, isSlow }
    destination.concurrency.start()
    if (isSlow) {
      transport.slow++
      destination.slow++
    } else transport.quick.set(running, nowMs)
    this.#jobs.set(job.bell, running)
    this.#giveTurn(destination, nowMs)
    return job
  }

  #noteSlow(transport: Transport, nowMs: number): void {
    const { quick } = transport
    const slowMax = this.#slowMax(transport)
    for (const [running, startedMs] of quick) {
      if (startedMs + SLOW_MS > nowMs || transport.slow >= slowMax) return
      running.isSlow = true
      quick.delete(running)
      transport.slow++
      running.destination.slow++
      this.#wakes.add(startedMs + HANGS_MS, { kind: 'delivery', running })
    }
  }

  /** Where nobody else finds out, and there is room for it. */
  #mayProbe({ slot, waiting, concurrency }: Destination): boolean {
    const transport = this.#transport(slot)
    const probesMax = this.#slowMax(transport) * PROBES_SHARE
    return waiting === 0 && concurrency.busy === 0 && transport.slow < probesMax
  }

  #slowMax({ name }: Transport): number {
    return this.#limits.processesOf(name) * SLOW_PER_PROCESS_MAX
  }

  #giveTurn(destination: Destination, nowMs: number): void {
    if (destination.hasTurn || destination.waiting === 0 || !isReady(destination, nowMs)) return
    destination.hasTurn = true
    const { probes, turns } = this.#transport(destination.slot)
    if (destination.hangsUntilMs > nowMs) probes.push(destination)
    else turns.push(destination)
  }

  #wakeThose(nowMs: number): void {
    for (const transport of this.#transports.values()) this.#noteSlow(transport, nowMs)
    for (let wake = this.#wakes.take(nowMs); wake; wake = this.#wakes.take(nowMs)) {
      if (wake.kind === 'delivery') this.#noteHanging(wake.running, nowMs)
      else this.#wake(wake.destination, nowMs)
    }
  }

  #wake(destination: Destination, nowMs: number): void {
    // What was forgotten and came again meanwhile is another one.
    if (this.#destinations.get(destination.slot) !== destination) return
    destination.concurrency.wake(nowMs)
    this.#giveTurn(destination, nowMs)
    this.#forgetIdle(destination, nowMs)
  }

  #wakeAt(ms: number, destination: Destination): void {
    this.#wakes.add(ms, { kind: 'destination', destination })
  }

  #noteHanging({ job, destination, startedMs }: Running, nowMs: number): void {
    const isOver = this.#jobs.get(job.bell)?.startedMs !== startedMs
    const isReached = destination.reachedMs !== undefined && destination.reachedMs > startedMs
    if (isOver || isReached || destination.slot === LOCAL) return
    destination.concurrency.narrow()
    this.#hangUntil(nowMs + this.#limits.destinationOf(destination.slot).deadMs, destination)
    this.#suspendAll(destination, hangs(destination))
  }

  #hangUntil(ms: number, destination: Destination): void {
    destination.hangsUntilMs = ms
    this.#wakeAt(ms, destination)
  }

  #die(destination: Destination): void {
    const { dead } = destination.concurrency
    if (dead === undefined) return
    this.#wakeAt(dead.untilMs, destination)
    // Behind that it may still hang, and is not to have all the room again to show it.
    if (destination.hangsUntilMs > 0) {
      const { deadMs } = this.#limits.destinationOf(destination.slot)
      this.#hangUntil(dead.untilMs + deadMs, destination)
    }
    this.#suspendAll(destination, dead.reason)
  }

  #suspendAll(destination: Destination, reason: string): void {
    for (const job of this.#drain(destination)) this.#suspended.push({ job, reason })
    destination.hasTurn = false
  }

  #drain(destination: Destination): readonly Job[] {
    const jobs: Job[] = []
    for (let job = destination.take(); job !== undefined; job = destination.take()) {
      this.#jobs.delete(job.bell)
      jobs.push(job)
    }
    return jobs
  }

  #destination(slot: string): Destination {
    const known = this.#destinations.get(slot)
    if (known !== undefined) return known
    const made = new Destination(slot, this.#limits.destinationOf(slot))
    this.#destinations.set(slot, made)
    return made
  }

  #forgetIdle(destination: Destination, nowMs: number): void {
    if (destination.isIdle(nowMs)) this.#destinations.delete(destination.slot)
  }

  #transport(slot: string): Transport {
    const name = this.#limits.transportOf(slot)
    const known = this.#transports.get(name)
    if (known !== undefined) return known
    const made: Transport = {
      name,
      turns: new Fifo(),
      probes: new Fifo(),
      quick: new Map(),
      slow: 0,
    }
    this.#transports.set(name, made)
    return made
  }
}

function isReady({ concurrency, isDoubtful }: Destination, nowMs: number): boolean {
  const { dead, isFull, readyMs } = concurrency
  return dead === undefined && !isFull && readyMs <= nowMs && !isDoubtful
}

const hangs = ({ slot }: Destination) => `${slot} keeps deliveries waiting without an answer`
