// Signals of the port. Subscribers in this process are told directly; other tasks through the watch registry and one
// SQS queue a task.

import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type Signals, StorageMisuse, type Subscription, type Table } from '../ports.ts'
import { HintOutbox } from './hint-outbox.ts'
import { WatchQueue } from './watch-queue.ts'
import { LEASE_RENEWAL_MS, WatchRegistry } from './watch-registry.ts'

export type AwsSignalsOptions = {
  /** Where the watch registry is: `mail`. */
  readonly table: Table
  readonly sqs: SQSClient
  /** Name of the task's own queue. */
  readonly queueName: string
  readonly taskId: string
  readonly clock: Clock
  readonly log: Log
}

type Listener = (hint: string) => void
/** `step` is the last change of the topic's registration; changes of one topic follow each other. */
type Topic = {
  readonly name: string
  readonly listeners: Set<{ readonly tell: Listener }>
  registered: boolean
  step: Promise<void>
}

export class AwsSignals implements Signals {
  readonly #options: AwsSignalsOptions
  readonly #registry: WatchRegistry
  readonly #queue: WatchQueue
  readonly #outbox: HintOutbox
  readonly #topics = new Map<string, Topic>()
  readonly #closing = new AbortController()
  #started: Promise<void> | undefined
  #loops: Promise<unknown> = Promise.resolve()

  constructor(options: AwsSignalsOptions) {
    this.#options = options
    this.#registry = new WatchRegistry(options)
    this.#queue = new WatchQueue(options)
    this.#outbox = new HintOutbox({ ...options, registry: this.#registry })
  }

  publish(topic: string, hint: string): void {
    if (this.#closing.signal.aborted) return
    this.#tell(topic, hint)
    this.#outbox.add(topic, hint)
  }

  async subscribe(name: string, listener: Listener): Promise<Subscription> {
    if (this.#closing.signal.aborted) throw new StorageMisuse('the store is closed')
    const topic = this.#topic(name)
    const entry = { tell: listener }
    topic.listeners.add(entry)
    const leave = () => {
      topic.listeners.delete(entry)
      return this.#register(topic)
    }
    try {
      await this.#start()
      await this.#register(topic)
    } catch (error) {
      await leave().catch(() => undefined)
      throw error
    }
    return {
      close: async () => {
        // What stays registered by this failure costs others a message that nobody reads.
        await leave().catch((error) => this.#warn(error, 'cannot end a watch'))
      },
    }
  }

  /** Resolves when what was published so far is on its way. */
  hintsSent(): Promise<void> {
    return this.#outbox.idle()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#outbox.idle()
    if (this.#started === undefined) return
    await Promise.allSettled([this.#started, ...[...this.#topics.values()].map(({ step }) => step)])
    await this.#loops
    const watched = [...this.#topics.values()].filter(({ registered }) => registered)
    const results = await Promise.allSettled([
      this.#registry.unwatch(watched.map(({ name }) => name)),
      this.#registry.endLease(),
      this.#queue.remove(),
    ])
    for (const result of results) {
      if (result.status === 'rejected') this.#warn(result.reason, 'cannot take leave of the watch')
    }
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = { name, listeners: new Set(), registered: false, step: Promise.resolve() }
      this.#topics.set(name, topic)
    }
    return topic
  }

  /** Brings the registry up to what the topic's listeners need, after the changes already under way. */
  #register(topic: Topic): Promise<void> {
    const step = topic.step.then(async () => {
      const wanted = topic.listeners.size > 0
      if (wanted === topic.registered || this.#closing.signal.aborted) return
      if (wanted) await this.#registry.watch(topic.name)
      else await this.#registry.unwatch([topic.name])
      topic.registered = wanted
    })
    topic.step = step.then(
      () => {
        if (topic.listeners.size === 0 && !topic.registered) this.#topics.delete(topic.name)
      },
      () => undefined,
    )
    return step
  }

  /** The queue and the lease exist before the first watch, so that whoever finds a watch finds them too. */
  #start(): Promise<void> {
    this.#started ??= this.#open().catch((error) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async #open(): Promise<void> {
    const queueUrl = await this.#queue.create()
    await this.#registry.renewLease(queueUrl)
    const { signal } = this.#closing
    this.#loops = Promise.all([
      this.#queue.poll(signal, ({ topic, hint }) => this.#tell(topic, hint)),
      this.#keepLease(queueUrl, signal),
    ])
  }

  async #keepLease(queueUrl: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(LEASE_RENEWAL_MS, signal)
      if (signal.aborted) return
      await this.#registry
        .renewLease(queueUrl)
        .catch((error) => this.#warn(error, 'cannot renew the lease of the watch'))
    }
  }

  #tell(topic: string, hint: string): void {
    for (const { tell } of this.#topics.get(topic)?.listeners ?? []) {
      try {
        tell(hint)
      } catch (error) {
        this.#warn(error, 'a listener threw') // a bug of the listener; the others must still hear
      }
    }
  }

  #warn(error: unknown, message: string): void {
    this.#options.log.warn({ error }, message)
  }
}
