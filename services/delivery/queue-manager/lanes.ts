// Jobs in order for each sender, and the senders in turn: whoever sends ten thousand messages has one turn like whoever sends one.

import { Fifo } from './fifo.ts'

export class Lanes<Job extends { readonly sender: string }> {
  readonly #bySender = new Map<string, Fifo<Job>>()
  /** Each sender who has jobs, once. */
  readonly #turns = new Fifo<string>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Of one sender. */
  sizeOf(sender: string): number {
    return this.#bySender.get(sender)?.size ?? 0
  }

  add(job: Job): void {
    let lane = this.#bySender.get(job.sender)
    if (lane === undefined) {
      lane = new Fifo()
      this.#bySender.set(job.sender, lane)
      this.#turns.push(job.sender)
    }
    lane.push(job)
    this.#size++
  }

  take(): Job | undefined {
    const sender = this.#turns.shift()
    if (sender === undefined) return undefined
    const lane = this.#bySender.get(sender)
    const job = lane?.shift()
    if (lane === undefined || job === undefined) throw new Error(`no jobs of ${sender} in his turn`)
    this.#size--
    if (lane.size > 0) this.#turns.push(sender)
    else this.#bySender.delete(sender)
    return job
  }
}
