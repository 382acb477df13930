// Messages of one queue in lmdb: a record by id, and an entry by the time the message becomes visible. All queues share the
// two databases, so that moving a message to a dead-letter queue is part of the same transaction.

import { Buffer } from 'node:buffer'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import type { QueueLayout, QueueMessage } from '../ports.ts'
import type { Bytes, Environment } from './environment.ts'

type Message = {
  readonly id: string
  readonly body: string
  readonly receives: number
  readonly visibleMs: number
}

/** `spent` messages went to the dead-letter queue on the way. */
export type Taken = { readonly messages: readonly QueueMessage[]; readonly spent: number }

const TIME_BYTES = 6
const ID_RANDOM_BYTES = 8
const RECEIVES_BYTES = 4
const HEADER_BYTES = TIME_BYTES + RECEIVES_BYTES
const NOTHING = new Uint8Array(0)
/** Messages moved away or dropped in one transaction while looking for some to deliver. */
const SPENT_MAX = 1_000

export const QUEUE_DATABASES = { messages: 'queue-messages', visible: 'queue-visible' } as const

/** Where a message stands in the order of ringing, of its own key and value. */
export function visibleKeyOf(key: Buffer, value: Buffer): Buffer {
  const end = key.indexOf(0) + 1
  return Buffer.concat([key.subarray(0, end), value.subarray(0, TIME_BYTES), key.subarray(end)])
}

/** The message that stands there. */
export function messageKeyOf(visibleKey: Buffer): Buffer {
  const end = visibleKey.indexOf(0) + 1
  return Buffer.concat([visibleKey.subarray(0, end), visibleKey.subarray(end + TIME_BYTES)])
}

export class QueueRecords {
  readonly name: string
  readonly #layout: QueueLayout
  readonly #deadLetter: QueueRecords | undefined
  readonly #messages: Bytes
  readonly #visible: Bytes
  #sequence = 0

  constructor(environment: Environment, layout: QueueLayout, deadLetter: QueueRecords | undefined) {
    this.name = layout.name
    this.#layout = layout
    this.#deadLetter = deadLetter
    this.#messages = environment.database(QUEUE_DATABASES.messages)
    this.#visible = environment.database(QUEUE_DATABASES.visible)
  }

  /** When the next message becomes visible (it may be visible already); undefined for an empty queue. */
  nextVisibleMs(): number | undefined {
    for (const { visibleMs } of this.#entries()) return visibleMs
    return undefined
  }

  add(bodies: readonly string[], nowMs: number, visibleMs: number): void {
    for (const body of bodies) {
      this.#put({ id: this.#newId(nowMs), body, receives: 0, visibleMs })
    }
  }

  /** Takes up to `max` visible messages, oldest first, and hides them until `hiddenUntilMs`. */
  take(max: number, nowMs: number, hiddenUntilMs: number): Taken {
    const messages: QueueMessage[] = []
    let spent = 0
    for (const message of this.#visibleMessages(max, nowMs)) {
      this.#visible.remove(this.#entryKey(message))
      if (message.receives >= this.#layout.receivesMax) {
        this.#spend(message, nowMs)
        spent += 1
        continue
      }
      const receives = message.receives + 1
      this.#put({ ...message, receives, visibleMs: hiddenUntilMs })
      messages.push({
        id: message.id,
        body: message.body,
        receipt: `${message.id}.${receives}`,
        receives,
      })
    }
    return { messages, spent }
  }

  /** Visible messages: at most `max` deliverable ones, and the spent ones between them. */
  #visibleMessages(max: number, nowMs: number): Message[] {
    const found: Message[] = []
    let deliverable = 0
    for (const { visibleMs, id } of this.#entries()) {
      if (visibleMs > nowMs || deliverable >= max || found.length >= max + SPENT_MAX) break
      const message = this.#get(id)
      if (message === undefined) continue
      found.push(message)
      if (message.receives < this.#layout.receivesMax) deliverable += 1
    }
    return found
  }

  remove(receipt: string): void {
    const message = this.#received(receipt)
    if (message === undefined) return
    this.#visible.remove(this.#entryKey(message))
    this.#messages.remove(this.#messageKey(message.id))
  }

  move(receipt: string, visibleMs: number): void {
    const message = this.#received(receipt)
    if (message === undefined) return
    this.#visible.remove(this.#entryKey(message))
    this.#put({ ...message, visibleMs })
  }

  /** The message of a receipt unless a later receipt made it stale. */
  #received(receipt: string): Message | undefined {
    const [id = '', receives] = receipt.split('.')
    const message = id === '' ? undefined : this.#get(id)
    return message !== undefined && String(message.receives) === receives ? message : undefined
  }

  #spend(message: Message, nowMs: number): void {
    this.#messages.remove(this.#messageKey(message.id))
    this.#deadLetter?.add([message.body], nowMs, nowMs)
  }

  *#entries(): Iterable<{ readonly visibleMs: number; readonly id: string }> {
    const start = Buffer.from(`${this.name}\0`)
    for (const key of this.#visible.getKeys({ start })) {
      const entry = asBuffer(key)
      if (entry.compare(start, 0, start.length, 0, start.length) !== 0) return
      yield {
        visibleMs: entry.readUIntBE(start.length, TIME_BYTES),
        id: entry.toString('latin1', start.length + TIME_BYTES),
      }
    }
  }

  #get(id: string): Message | undefined {
    const value = this.#messages.get(this.#messageKey(id))
    if (value === undefined) return undefined
    const buffer = asBuffer(value)
    return {
      id,
      visibleMs: buffer.readUIntBE(0, TIME_BYTES),
      receives: buffer.readUInt32BE(TIME_BYTES),
      body: buffer.toString('utf8', HEADER_BYTES),
    }
  }

  #put(message: Message): void {
    const value = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(message.body))
    value.writeUIntBE(message.visibleMs, 0, TIME_BYTES)
    value.writeUInt32BE(message.receives, TIME_BYTES)
    value.write(message.body, HEADER_BYTES)
    this.#messages.put(this.#messageKey(message.id), value)
    this.#visible.put(this.#entryKey(message), NOTHING)
  }

  #messageKey(id: string): Buffer {
    return Buffer.from(`${this.name}\0${id}`)
  }

  #entryKey({ visibleMs, id }: Message): Buffer {
    const head = this.name.length + 1
    const key = Buffer.allocUnsafe(head + TIME_BYTES + id.length)
    key.write(`${this.name}\0`)
    key.writeUIntBE(visibleMs, head, TIME_BYTES)
    key.write(id, head + TIME_BYTES, 'latin1')
    return key
  }

  /** Ids ascend with time and, within one process, with the order of sending. */
  #newId(nowMs: number): string {
    this.#sequence = (this.#sequence + 1) % 0x1_0000_0000
    const head = Buffer.alloc(TIME_BYTES + 4)
    head.writeUIntBE(nowMs, 0, TIME_BYTES)
    head.writeUInt32BE(this.#sequence, TIME_BYTES)
    return head.toString('hex') + Buffer.from(takeRandomBytes(ID_RANDOM_BYTES)).toString('hex')
  }
}
