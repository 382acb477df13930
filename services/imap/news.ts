// What happens in a selected folder and is news for its client (RFC 9051 §7.4, §7.5): when it is told, to whom else, and what of it is
// still to be told.

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Difference } from '#shared/mailbox/port.ts'
import type { Wire } from './wire.ts'

export type News = {
  /** Whether EXPUNGE may be told now. */
  readonly expunges: boolean
  /** Whether the folder is read even if no hint came. */
  readonly look: boolean
  /** They are the answer of a command, whatever NOTIFY said. */
  readonly answer?: boolean
  /** What came is told before what went, where both are one: REPLACE. */
  readonly existsFirst?: boolean
}

/** Which message events a client is told of (RFC 5465 §6.1). */
export type SelectedEvents =
  /** None but those of its own commands. */
  | { readonly kind: 'none' }
  | {
      /** Whether expunges are told without a command too. */
      readonly kind: 'delayed' | 'at-once'
      readonly flags: boolean
      /** More of new messages than that they are there. */
      readonly tellNew: ((wire: Wire, uids: readonly Uid[]) => Promise<void>) | null
    }

/** Keeps results of searches up to date (RFC 5267). */
export interface ResultWatcher {
  /** To be told before the expunges themselves. */
  removed(wire: Wire, uids: readonly Uid[]): void
  /** Changed or new, ascending. */
  changed(wire: Wire, uids: readonly Uid[]): Promise<void>
}

/** What came and changed since the last time it was told. Expunges: sequence-numbers.ts. */
export class UntoldChanges {
  /** Messages whose flags changed, some of which may be gone. */
  readonly #flags = new Set<Uid>()
  /** State of a message that a command of this session has told already. */
  readonly #told = new Map<Uid, ModSeq>()
  /** New by this session: the client knows what they are (RFC 5465 §5.2). */
  readonly #own = new Set<Uid>()
  /** New, not told by `SelectedEvents.tellNew` yet. */
  readonly #arrived = new Set<Uid>()
  /** Changed or new, not shown to the watcher of results yet. */
  readonly #unwatched = new Set<Uid>()

  note(
    { changed, appeared }: Pick<Difference, 'changed' | 'appeared'>,
    { watched, tellsNew }: { readonly watched: boolean; readonly tellsNew: boolean },
  ): void {
    for (const uid of changed) this.#flags.add(uid)
    if (watched) {
      for (const uid of changed) this.#unwatched.add(uid)
      for (const uid of appeared) this.#unwatched.add(uid)
    }
    if (tellsNew) for (const uid of appeared) if (!this.#own.delete(uid)) this.#arrived.add(uid)
  }

  /** The client knows this state of the message: it is no news. */
  told(uid: Uid, modSeq: ModSeq): void {
    this.#told.set(uid, modSeq)
  }

  isTold(uid: Uid, modSeq: ModSeq): boolean {
    return this.#told.get(uid) === modSeq
  }

  /** The client has put these here itself. */
  brought(uids: readonly Uid[]): void {
    for (const uid of uids) this.#own.add(uid)
  }

  get flags(): Iterable<Uid> {
    return this.#flags
  }

  /** All flags are told, or not to be told. */
  forgetFlags(): void {
    this.#flags.clear()
    this.#told.clear()
  }

  takeUnwatched(): readonly Uid[] {
    return takeAll(this.#unwatched)
  }

  takeArrived(): readonly Uid[] {
    return takeAll(this.#arrived)
  }
}

/** Ascending. */
function takeAll(uids: Set<Uid>): readonly Uid[] {
  if (uids.size === 0) return []
  const all = [...uids].sort((a, b) => a - b)
  uids.clear()
  return all
}
