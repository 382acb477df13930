// Signals of the port. Subscribers in this process are told directly; other tasks through the watch registry and one
// SQS queue a task. A topic is registered only when it has been watched for a moment: clients that look into one folder after the
// other would pay two writes for each. Whoever still watches then is told to look, for what changed meanwhile.

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
  /** How long a topic must be watched before other tasks learn of it; 0: at once. */
  readonly registerAfterMs: number
  readonly clock: Clock
  readonly log: Log
}

/** Says only "look again". */
const LOOK_HINT = ''
const PAUSE_AFTER_FAILURE_MS = 5_000

type Listener = (hint: string) => void
/** `step` is the last change of the topic's registration; changes of one topic follow each other. */
type Topic = {
  readonly name: string
  readonly listeners: Set<{ readonly tell: Listener }>
  registered: boolean
  /** Its registration is under way. */
  waiting: boolean
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
    if (this.#options.registerAfterMs > 0) void this.#registerLater(topic)
    else {
      try {
        await this.#start()
        await this.#register(topic)
      } catch (error) {
        await leave().catch(() => undefined)
        throw error
      }
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

  /** One for a topic at a time: it ends when the topic is registered or nobody watches it any more. */
  async #registerLater(topic: Topic): Promise<void> {
    if (topic.registered || topic.waiting) return
    topic.waiting = true
    const { signal } = this.#closing
    let pauseMs = this.#options.registerAfterMs
    while (!topic.registered) {
      await this.#options.clock.sleep(pauseMs, signal)
      if (signal.aborted || topic.listeners.size === 0) break
      try {
        await this.#start()
        await this.#register(topic)
        this.#tell(topic.name, LOOK_HINT)
      } catch (error) {
        this.#warn(error, 'cannot begin a watch')
        pauseMs = PAUSE_AFTER_FAILURE_MS
      }
    }
    topic.waiting = false
    this.#forget(topic)
  }

  #forget(topic: Topic): void {
    if (topic.listeners.size === 0 && !topic.registered && !topic.waiting) {
      this.#topics.delete(topic.name)
    }
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = {
        name,
        listeners: new Set(),
        registered: false,
        waiting: false,
        step: Promise.resolve(),
      }
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
        this.#forget(topic)
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
