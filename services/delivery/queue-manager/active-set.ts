// The active set: all groups that are to be delivered now, and who of them goes next. It knows no clock and does nothing by itself:
// whoever has it says what time it is, delivers what it names, and tells what came of it.
//
// Each transport has room of its own, so that folders here do not wait for hosts elsewhere. Within one the destinations that may start
// a delivery have it in turn, within a destination its senders; letters go before bulk (destination.ts).
//
// Invariants: a group is in the set once. Nobody waits for what is dead. A destination of which nothing is to be remembered is
// forgotten, so that memory goes with what is in the set and not with what has been.

import type { DestinationReport } from '#shared/queue/pipeline.ts'
import type { DestinationLimits } from './concurrency.ts'
import { Destination, type Job } from './destination.ts'
import { Fifo } from './fifo.ts'
import { WakeTimes } from './wake-times.ts'

/** A delivery that takes longer makes room for another one: it holds a socket, and nobody's turn. */
export const SLOW_MS = 10_000
/** Of one transport, for each of its processes; more of them take the room of others again. */
export const SLOW_PER_PROCESS_MAX = 4

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
  /** Under way, as they began. */
  readonly quick: Map<Running, number>
  /** Under way for so long that they take nobody's room. */
  slow: number
}

type Running = {
  readonly job: Job
  readonly destination: Destination
  readonly transport: Transport
  isSlow: boolean
}

export class ActiveSet {
  readonly #limits: Limits
  readonly #transports = new Map<string, Transport>()
  readonly #destinations = new Map<string, Destination>()
  /** By bell; undefined of those who wait. */
  readonly #jobs = new Map<string, Running | undefined>()
  /** When the dead come back, and the delayed are ready. */
  readonly #wakes = new WakeTimes<Destination>()
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

  /**
   * What came of a delivery; undefined where it says nothing of the destination. Returns who waited for one that is dead with it:
   * they are not in the set any more, and not tried.
   */
  end(job: Job, report: DestinationReport | undefined, nowMs: number): readonly Job[] {
    const running = this.#jobs.get(job.bell)
    if (running === undefined) throw new Error(`${job.bell} is not under way`)
    this.#jobs.delete(job.bell)
    const { destination, transport } = running
    if (running.isSlow) transport.slow--
    else transport.quick.delete(running)
    const { concurrency, pace } = destination
    if (report?.kind === 'reached') concurrency.succeed()
    const dies = report?.kind === 'unreachable' && concurrency.fail(report.reply, nowMs)
    concurrency.end(nowMs)
    pace.ended(nowMs)
    const suspended = dies ? this.#drain(destination) : []
    const { dead, readyMs } = concurrency
    if (dies && dead !== undefined) this.#wakes.add(dead.untilMs, destination)
    if (readyMs > nowMs) this.#wakes.add(readyMs, destination)
    this.#giveTurn(destination, nowMs)
    this.#forgetIdle(destination, nowMs)
    return suspended
  }

  /** An operator wants it tried. */
  revive(slot: string, nowMs: number): void {
    this.#destinations.get(slot)?.concurrency.wake(nowMs, { now: true })
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
    for (const { quick, turns } of this.#transports.values()) {
      const [startedMs] = quick.values()
      if (turns.size === 0 || startedMs === undefined) continue
      wakeMs = Math.min(wakeMs ?? Number.POSITIVE_INFINITY, startedMs + SLOW_MS)
    }
    return wakeMs
  }

  #nextOf(transport: Transport, nowMs: number): Job | undefined {
    if (transport.turns.size === 0 || !this.#hasRoom(transport, nowMs)) return undefined
    for (;;) {
      const destination = transport.turns.shift()
      if (destination === undefined) return undefined
      destination.hasTurn = false
      const job = isReady(destination, nowMs) ? destination.take() : undefined
      if (job === undefined) continue
      const running = { job, destination, transport, isSlow: false }
      destination.concurrency.start()
      transport.quick.set(running, nowMs)
      this.#jobs.set(job.bell, running)
      this.#giveTurn(destination, nowMs)
      return job
    }
  }

  #hasRoom(transport: Transport, nowMs: number): boolean {
    const { quick, name } = transport
    const processes = this.#limits.processesOf(name)
    for (const [running, startedMs] of quick) {
      if (startedMs + SLOW_MS > nowMs) break
      if (transport.slow >= processes * SLOW_PER_PROCESS_MAX) break
      running.isSlow = true
      quick.delete(running)
      transport.slow++
    }
    return quick.size < processes
  }

  #giveTurn(destination: Destination, nowMs: number): void {
    if (destination.hasTurn || destination.waiting === 0 || !isReady(destination, nowMs)) return
    destination.hasTurn = true
    this.#transport(destination.slot).turns.push(destination)
  }

  #wakeThose(nowMs: number): void {
    for (;;) {
      const destination = this.#wakes.take(nowMs)
      if (destination === undefined) return
      // What was forgotten and came again meanwhile is another one.
      if (this.#destinations.get(destination.slot) !== destination) continue
      destination.concurrency.wake(nowMs)
      this.#giveTurn(destination, nowMs)
      this.#forgetIdle(destination, nowMs)
    }
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
    const made = { name, turns: new Fifo<Destination>(), quick: new Map(), slow: 0 }
    this.#transports.set(name, made)
    return made
  }
}

function isReady({ concurrency }: Destination, nowMs: number): boolean {
  return concurrency.dead === undefined && !concurrency.isFull && concurrency.readyMs <= nowMs
}
