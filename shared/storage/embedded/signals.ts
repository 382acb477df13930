// Signals in one process and between the processes of one data folder. A process that subscribes keeps an inbox file;
// publishers append lines to every other inbox. With no other inbox, publishing is nothing but the call of listeners.

import type { Log } from '#shared/runtime/log.ts'
import type { Signals, Subscription } from '../ports.ts'
import { Inbox } from './inbox.ts'
import { Outbox } from './outbox.ts'

type Listener = (hint: string) => void

export class EmbeddedSignals implements Signals {
  readonly #log: Log
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #listeners = new Map<string, Set<Listener>>()
  #closed = false

  constructor(folder: string, log: Log) {
    this.#log = log
    this.#inbox = new Inbox(folder, log, (topic, hint) => this.#emit(topic, hint))
    this.#outbox = new Outbox(folder, log, this.#inbox.name)
  }

  publish(topic: string, hint: string): void {
    if (this.#closed) return
    if (this.#listeners.has(topic)) queueMicrotask(() => this.#emit(topic, hint))
    this.#outbox.post(topic, hint)
  }

  async subscribe(topic: string, listener: Listener): Promise<Subscription> {
    // One function may be subscribed twice and is then called twice.
    const entry: Listener = (hint) => listener(hint)
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(entry))
    await this.#inbox.open()
    return {
      close: async () => {
        listeners.delete(entry)
        if (listeners.size === 0 && this.#listeners.get(topic) === listeners) {
          this.#listeners.delete(topic)
        }
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    await this.#outbox.close()
    await this.#inbox.close()
  }

  #emit(topic: string, hint: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(hint)
      } catch (error) {
        this.#log.error({ error, topic }, 'a signal listener threw')
      }
    }
  }
}
