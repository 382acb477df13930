// The maildrop of one session: the messages of INBOX as they were at login, numbered from 1 for its whole length
// (RFC 1939 §5), and the marks that DELE sets. Nothing here touches the store.

import type { Folder, Message, Uid } from '#shared/contracts/mailbox.ts'
import type { Snapshot } from '#shared/mailbox/port.ts'

export type Lookup =
  | { readonly kind: 'present'; readonly message: Message }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'missing' }

export class Maildrop {
  readonly folder: Folder
  readonly #messages: readonly Message[]
  readonly #popIds: ReadonlyMap<Uid, string>
  /** Message numbers. */
  readonly #marked = new Set<number>()
  #octets: number

  /** Messages of another system are called and listed as they were there. */
  constructor(folder: Folder, { messages, popIds, popOrders }: Omit<Snapshot, 'modSeq'>) {
    this.folder = folder
    this.#popIds = popIds
    this.#messages = popOrders.size === 0 ? messages : inOrder(messages, popOrders)
    this.#octets = sumOctets(messages)
  }

  /** Messages not marked deleted. */
  get count(): number {
    return this.#messages.length - this.#marked.size
  }

  /** Bytes of the messages not marked deleted, as RETR sends them. */
  get octets(): number {
    return this.#octets
  }

  find(number: number): Lookup {
    const message = this.#messages[number - 1]
    if (message === undefined) return { kind: 'missing' }
    return this.#marked.has(number) ? { kind: 'deleted' } : { kind: 'present', message }
  }

  markDeleted(number: number, message: Message): void {
    this.#marked.add(number)
    this.#octets -= octetsOf(message)
  }

  unmarkAll(): void {
    this.#marked.clear()
    this.#octets = sumOctets(this.#messages)
  }

  /** Ascending. */
  markedUids(): readonly Uid[] {
    return this.#messages
      .filter((_, index) => this.#marked.has(index + 1))
      .map(({ uid }) => uid)
      .sort((a, b) => a - b)
  }

  /** One line for each message not marked deleted. */
  *lines(describe: (number: number, message: Message) => string): Iterable<string> {
    let number = 0
    for (const message of this.#messages) {
      number += 1
      if (!this.#marked.has(number)) yield describe(number, message)
    }
  }

  /**
   * RFC 1939 §7 UIDL: stable over sessions, never used again, because a UID is not while UIDVALIDITY stays. What came from another
   * system is called as it was there, so that programs that leave mail on the server do not load it again.
   */
  uniqueId(message: Message): string {
    return this.#popIds.get(message.uid) ?? `${this.folder.uidValidity}-${message.uid}`
  }
}

/** Those without a number are behind all others; what has the same is listed by uid. */
function inOrder(
  messages: readonly Message[],
  popOrders: Snapshot['popOrders'],
): readonly Message[] {
  const orderOf = ({ uid }: Message) => popOrders.get(uid) ?? Number.MAX_SAFE_INTEGER
  return messages.toSorted((a, b) => orderOf(a) - orderOf(b))
}

/** What RETR sends of a message before dot-stuffing: a last line without CRLF gets one (RFC 1939 §3). */
export function octetsOf({ size, unended }: Pick<Message, 'size' | 'unended'>): number {
  return unended ? size + CRLF_BYTES : size
}

const CRLF_BYTES = 2

function sumOctets(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + octetsOf(message), 0)
}
