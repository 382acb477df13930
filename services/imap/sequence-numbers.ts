// Messages as one client counts them (RFC 9051 §2.3.1.2): its map from sequence numbers to uids. What is expunged keeps its number until
// the client may be told (§7.5.1).

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { type MessageSet, NUMBER_MAX, resolveSet } from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { positionAtOrAfter, type UidList } from '#shared/mailbox/message-columns.ts'

export class SequenceNumbers {
  /** The result that `$` stands for (RFC 5182). */
  saved: readonly Uid[] = []
  /** Uids by sequence number as the client knows them. */
  #uids: UidList
  /** Expunged, but not told yet: still among the uids. Ascending. */
  #untold: readonly Uid[] = []
  /** The state before the first of them went. */
  #toldUpTo: ModSeq | undefined

  constructor(uids: UidList) {
    this.#uids = uids
  }

  get count(): number {
    return this.#uids.length
  }

  /** From sequence number 1 at position 0. */
  get uids(): UidList {
    return this.#uids
  }

  /** Expunges that wait to be told. */
  get untold(): readonly Uid[] {
    return this.#untold
  }

  /** Up to where the client knows of every expunge (RFC 7162 §3.2), when the folder is at `modSeq`. */
  toldUpTo(modSeq: ModSeq): ModSeq {
    return this.#untold.length > 0 ? (this.#toldUpTo ?? modSeq) : modSeq
  }

  /** Sequence number, 0 when the client does not know the message. */
  numberOf(uid: Uid): number {
    const position = positionAtOrAfter(this.#uids, uid)
    return this.#uids[position] === uid ? position + 1 : 0
  }

  /**
   * Ascending uids that a command means, those expunged behind the client's back included. Unknown uids mean nothing; a
   * sequence number beyond the last message is an error (RFC 9051 §9 seq-number).
   */
  select(set: MessageSet, by: 'number' | 'uid'): readonly Uid[] {
    if (set.kind === 'saved') return this.saved.filter((uid) => this.numberOf(uid) > 0)
    return by === 'number' ? this.#byNumber(set) : this.#byUid(set)
  }

  #byNumber({ ranges }: MessageSet & { readonly kind: 'set' }): readonly Uid[] {
    const all = this.#uids
    const uids: Uid[] = []
    for (const { first, last } of resolveSet(ranges, all.length)) {
      if (last > all.length) throw new ImapSyntaxError('no message has such a number')
      for (let n = first; n <= last; n++) uids.push(all[n - 1] as Uid)
    }
    if (all.length === 0 && ranges.some(({ last }) => last <= NUMBER_MAX)) {
      throw new ImapSyntaxError('the mailbox is empty')
    }
    return uids
  }

  #byUid({ ranges }: MessageSet & { readonly kind: 'set' }): readonly Uid[] {
    const all = this.#uids
    const uids: Uid[] = []
    for (const { first, last } of resolveSet(ranges, all[all.length - 1] ?? 0)) {
      for (let at = positionAtOrAfter(all, first); at < all.length; at++) {
        const uid = all[at] as Uid
        if (uid > last) break
        uids.push(uid)
      }
    }
    return uids
  }

  /** The folder has come from a state `before` to these uids; what went on the way is still to be told. */
  advance(uids: UidList, expunged: readonly Uid[], before: ModSeq): void {
    if (expunged.length > 0) {
      if (this.#untold.length === 0) this.#toldUpTo = before
      this.#untold = [...this.#untold, ...expunged].sort((a, b) => a - b)
    }
    this.#uids = this.#untold.length === 0 ? uids : inOne(uids, this.#untold)
  }

  /** The client knows of all expunges: these are the uids of the folder now. */
  tellExpunged(uids: UidList): void {
    this.#untold = []
    this.#uids = uids
    this.saved = this.saved.filter((uid) => this.numberOf(uid) > 0)
  }
}

/** Two ascending lists as one. */
function inOne(uids: UidList, untold: readonly Uid[]): UidList {
  return Uint32Array.from([...uids, ...untold]).sort()
}
