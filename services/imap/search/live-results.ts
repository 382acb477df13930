// Results that are kept up to date for the client: SEARCH with RETURN (UPDATE), RFC 5267 §4.3. The selected mailbox says which
// messages changed, and what that does to each result is told as ADDTO and REMOVEFROM.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatSequenceSet } from '#shared/imap/sequence-set.ts'
import { rangesOf } from '#shared/runtime/number-ranges.ts'
import type { ResultWatcher } from '../news.ts'
import type { NumberKind } from '../number-kind.ts'
import type { Wire } from '../wire.ts'

/** Results kept up to date at a time. */
export const LIVE_RESULTS_MAX = 16
/** Messages in all of them together: each takes memory as long as the mailbox is selected. */
export const LIVE_MESSAGES_MAX = 100_000
/** Memory of the keys of one of them, about. */
export const LIVE_KEY_BYTES_MAX = 65_536

export type LiveResult = {
  readonly by: NumberKind
  readonly uids: Iterable<Uid> & { readonly length: number }
  /** Those of these messages that the search finds now. */
  readonly find: (uids: readonly Uid[], wire: Wire) => Promise<readonly Uid[]>
}

export class LiveResults implements ResultWatcher {
  readonly #byTag = new Map<string, Kept>()
  readonly #numberOf: (uid: Uid) => number

  constructor(numberOf: (uid: Uid) => number) {
    this.#numberOf = numberOf
  }

  /** False when there is no room for one more. */
  add(tag: string, result: LiveResult): boolean {
    this.#byTag.delete(tag)
    if (this.#byTag.size >= LIVE_RESULTS_MAX) return false
    let messages = result.uids.length
    for (const { uids } of this.#byTag.values()) messages += uids.size
    if (messages > LIVE_MESSAGES_MAX) return false
    this.#byTag.set(tag, { ...result, uids: new Set(result.uids) })
    return true
  }

  /** False when there is no result of this tag. */
  cancel(tag: string): boolean {
    return this.#byTag.delete(tag)
  }

  /** RFC 5267 §4.3.4: before the client is told of the EXPUNGE, while the numbers still hold. */
  removed(wire: Wire, uids: readonly Uid[]): void {
    for (const [tag, result] of this.#byTag) {
      const gone = uids.filter((uid) => result.uids.delete(uid))
      this.#tell(wire, tag, result, 'REMOVEFROM', gone)
    }
  }

  async changed(wire: Wire, uids: readonly Uid[]): Promise<void> {
    for (const [tag, result] of this.#byTag) {
      const found = new Set(await result.find(uids, wire))
      const lost = uids.filter((uid) => !found.has(uid) && result.uids.delete(uid))
      this.#tell(wire, tag, result, 'REMOVEFROM', lost)
      const won = uids.filter((uid) => found.has(uid) && !result.uids.has(uid))
      for (const uid of won) result.uids.add(uid)
      this.#tell(wire, tag, result, 'ADDTO', won)
      await wire.room()
    }
  }

  /** Position 0: a result of SEARCH has no order of its own (RFC 5267 §4.3.2). */
  #tell(
    wire: Wire,
    tag: string,
    { by }: Kept,
    change: 'ADDTO' | 'REMOVEFROM',
    uids: readonly Uid[],
  ): void {
    if (uids.length === 0) return
    const set = formatSequenceSet(rangesOf(by === 'uid' ? uids : uids.map(this.#numberOf)))
    wire.untagged(`ESEARCH (TAG "${tag}")${by === 'uid' ? ' UID' : ''} ${change} (0 ${set})`)
  }
}

type Kept = Omit<LiveResult, 'uids'> & { readonly uids: Set<Uid> }
