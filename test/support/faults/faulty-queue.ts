// Queue with faults: besides failing calls, deliveries come twice, late and out of order, as SQS allows.

import type { Queue, QueueMessage } from '#shared/storage/ports.ts'
import type { FaultGate } from './gate.ts'
import type { Fault } from './plan.ts'

/** Delivered messages remembered for being delivered again. */
const REMEMBERED_MAX = 50

type ReceiveOptions = Parameters<Queue['receive']>[0]

export class FaultyQueue implements Queue {
  readonly #queue: Queue
  readonly #gate: FaultGate
  readonly #name: string
  readonly #random: () => number
  #delivered: QueueMessage[] = []
  #keptBack: QueueMessage[] = []

  constructor(
    queue: Queue,
    gate: FaultGate,
    parts: { readonly name: string; readonly random: () => number },
  ) {
    this.#queue = queue
    this.#gate = gate
    this.#name = parts.name
    this.#random = parts.random
  }

  send(bodies: readonly string[], options?: { readonly delaySeconds?: number }) {
    return this.#run('send', () => this.#queue.send(bodies, options))
  }

  receive(options: ReceiveOptions): Promise<readonly QueueMessage[]> {
    return this.#run('receive', (fault) => this.#receive(options, fault))
  }

  acknowledge(receipts: readonly string[]) {
    return this.#run('acknowledge', () => this.#queue.acknowledge(receipts))
  }

  extend(receipts: readonly string[], visibilitySeconds: number) {
    return this.#run('extend', () => this.#queue.extend(receipts, visibilitySeconds))
  }

  async #receive(options: ReceiveOptions, fault: Fault | undefined) {
    const { signal } = options
    const ended =
      signal === undefined ? this.#gate.dead : AbortSignal.any([signal, this.#gate.dead])
    const late = this.#keptBack.splice(0, options.max)
    const max = options.max - late.length
    const waitSeconds = late.length > 0 ? 0 : options.waitSeconds
    const fresh =
      max > 0 ? await this.#queue.receive({ ...options, max, waitSeconds, signal: ended }) : []
    return this.#deliver([...late, ...fresh], options.max, fault)
  }

  #deliver(messages: readonly QueueMessage[], max: number, fault: Fault | undefined) {
    let delivered = [...messages]
    if (fault === 'delayed') {
      delivered = this.#shuffled(delivered)
      this.#keptBack.push(...delivered.splice(Math.floor(delivered.length / 2)))
    }
    if (fault === 'duplicated' && delivered.length < max) {
      const again = this.#delivered.at(Math.floor(this.#random() * this.#delivered.length))
      if (again !== undefined) delivered.push(again)
    }
    this.#delivered = [...this.#delivered, ...messages].slice(-REMEMBERED_MAX)
    return delivered
  }

  #shuffled(messages: readonly QueueMessage[]): QueueMessage[] {
    return messages
      .map((message) => ({ message, at: this.#random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ message }) => message)
  }

  #run<T>(operation: string, effect: (fault: Fault | undefined) => Promise<T>): Promise<T> {
    return this.#gate.run({ port: 'queue', name: this.#name, operation }, effect)
  }
}
