// Queue on lmdb. Receivers of one process wait in one line per queue; a single pump serves them from one transaction when
// something is visible, and otherwise sleeps until the next message is due, somebody sends, or a slow safety poll.

import type { Clock } from '#shared/runtime/clock.ts'
import { checkReceive, checkSend, checkVisibility } from '../limits.ts'
import type { Queue, QueueMessage, Signals, Subscription } from '../ports.ts'
import type { Environment } from './environment.ts'
import type { QueueRecords } from './queue-records.ts'

/** Another process's message is found at the latest after this, should its signal be lost. */
const SAFETY_POLL_MS = 5_000
/** Messages handed to one receiver at most. */
const RECEIVE_MESSAGES_MAX = 100

type Receiver = {
  readonly max: number
  readonly visibilityMs: number
  /** Takes what there is at the first look and does not wait. */
  readonly impatient: boolean
  readonly signal: AbortSignal | undefined
  readonly finish: (messages: readonly QueueMessage[]) => void
  readonly fail: (error: unknown) => void
}

type Served = { readonly receiver: Receiver; readonly messages: readonly QueueMessage[] }

type ReceiveOptions = Parameters<Queue['receive']>[0]

export class EmbeddedQueue implements Queue {
  readonly #environment: Environment
  readonly #records: QueueRecords
  readonly #clock: Clock
  readonly #signals: Signals
  readonly #deadLetter: EmbeddedQueue | undefined
  readonly #topic: string
  /** In order of arrival. */
  readonly #waiting = new Set<Receiver>()
  #pumping = false
  #again = false
  #closed = false
  #alarm = new AbortController()
  #listening: Promise<Subscription> | undefined

  constructor(
    environment: Environment,
    records: QueueRecords,
    parts: {
      readonly clock: Clock
      readonly signals: Signals
      readonly deadLetter?: EmbeddedQueue
    },
  ) {
    this.#environment = environment
    this.#records = records
    this.#clock = parts.clock
    this.#signals = parts.signals
    this.#deadLetter = parts.deadLetter
    this.#topic = `\0queue/${records.name}`
  }

  async send(
    bodies: readonly string[],
    options: { readonly delaySeconds?: number } = {},
  ): Promise<void> {
    this.#environment.assertOpen()
    checkSend(bodies, options.delaySeconds)
    if (bodies.length === 0) return
    const delayMs = (options.delaySeconds ?? 0) * 1000
    await this.#environment.commit(() => {
      const nowMs = this.#clock.now()
      this.#records.add(bodies, nowMs, nowMs + delayMs)
    })
    this.changed()
  }

  async receive(options: ReceiveOptions): Promise<readonly QueueMessage[]> {
    this.#environment.assertOpen()
    checkReceive(options)
    await (this.#listening ??= this.#signals.subscribe(this.#topic, () => this.#pump()))
    if (this.#closed || options.signal?.aborted === true) return []
    return await this.#wait(options)
  }

  async acknowledge(receipts: readonly string[]): Promise<void> {
    this.#environment.assertOpen()
    if (receipts.length === 0) return
    await this.#environment.commit(() => {
      for (const receipt of receipts) this.#records.remove(receipt)
    })
  }

  async extend(receipts: readonly string[], visibilitySeconds: number): Promise<void> {
    this.#environment.assertOpen()
    checkVisibility(visibilitySeconds)
    if (receipts.length === 0) return
    await this.#environment.commit(() => {
      const visibleMs = this.#clock.now() + visibilitySeconds * 1000
      for (const receipt of receipts) this.#records.move(receipt, visibleMs)
    })
    this.changed()
  }

  /** Ends every wait with nothing. */
  close(): void {
    this.#closed = true
    for (const receiver of this.#waiting) receiver.finish([])
    this.#waiting.clear()
    this.#alarm.abort()
  }

  /** Something may have become visible, or will do so sooner than thought. */
  changed(): void {
    this.#pump()
    this.#signals.publish(this.#topic, '')
  }

  #wait(options: ReceiveOptions): Promise<readonly QueueMessage[]> {
    const { signal, waitSeconds } = options
    const ended = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<readonly QueueMessage[]>()
    const receiver: Receiver = {
      max: Math.min(options.max, RECEIVE_MESSAGES_MAX),
      visibilityMs: options.visibilitySeconds * 1000,
      impatient: waitSeconds === 0,
      signal,
      finish: resolve,
      fail: reject,
    }
    const giveUp = () => {
      if (this.#waiting.delete(receiver)) resolve([])
    }
    signal?.addEventListener('abort', giveUp, { signal: ended.signal })
    if (!receiver.impatient) void this.#clock.sleep(waitSeconds * 1000, ended.signal).then(giveUp)
    this.#waiting.add(receiver)
    this.#pump()
    return promise.finally(() => ended.abort())
  }

  #pump(): void {
    this.#again = true
    if (!this.#closed && !this.#pumping && this.#waiting.size > 0) void this.#run()
  }

  async #run(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#again && !this.#closed && this.#waiting.size > 0) {
        this.#again = false
        await this.#serve()
      }
    } catch (error) {
      for (const receiver of this.#waiting) receiver.fail(error)
      this.#waiting.clear()
    } finally {
      this.#pumping = false
    }
    this.#setAlarm()
  }

  async #serve(): Promise<void> {
    const present = [...this.#waiting]
    this.#environment.refresh()
    if ((this.#records.nextVisibleMs() ?? Infinity) <= this.#clock.now()) {
      await this.#deliver()
      this.#again = true
    }
    for (const receiver of present) {
      if (receiver.impatient && this.#waiting.delete(receiver)) receiver.finish([])
    }
  }

  async #deliver(): Promise<void> {
    const served: Served[] = []
    try {
      const spent = await this.#environment.commit(() => this.#take(served))
      if (spent > 0) this.#deadLetter?.changed()
    } catch (error) {
      for (const { receiver } of served) receiver.fail(error)
      throw error
    }
    for (const { receiver, messages } of served) {
      if (receiver.signal?.aborted !== true) receiver.finish(messages)
      else void this.#giveBack(messages).then(() => receiver.finish([]))
    }
  }

  /** Inside a transaction: serves waiting receivers in order (whoever is served no longer waits); returns how many were spent. */
  #take(served: Served[]): number {
    const nowMs = this.#clock.now()
    let spentInAll = 0
    for (const receiver of this.#waiting) {
      const hiddenUntilMs = nowMs + receiver.visibilityMs
      const { messages, spent } = this.#records.take(receiver.max, nowMs, hiddenUntilMs)
      spentInAll += spent
      if (messages.length === 0) break
      this.#waiting.delete(receiver)
      served.push({ receiver, messages })
    }
    return spentInAll
  }

  async #giveBack(messages: readonly QueueMessage[]): Promise<void> {
    const receipts = messages.map((message) => message.receipt)
    // Not given back is as good as not acknowledged: the messages come again after their visibility.
    await this.extend(receipts, 0).catch(() => undefined)
  }

  #setAlarm(): void {
    this.#alarm.abort()
    if (this.#closed || this.#waiting.size === 0) return
    this.#alarm = new AbortController()
    const { signal } = this.#alarm
    const dueMs = (this.#records.nextVisibleMs() ?? Infinity) - this.#clock.now()
    const sleepMs = Math.max(0, Math.min(dueMs, SAFETY_POLL_MS))
    void this.#clock.sleep(sleepMs, signal).then(() => {
      if (!signal.aborted) this.#pump()
    })
  }
}
