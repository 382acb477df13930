// Writers of a folder in this process take turns, first come, first served, instead of racing each other for its modseq: of ten
// that race one wins each time, and some lose until they give up. A turn is one transaction; long commands take many, so that
// nobody waits for more than one transaction of each writer before him. Writers in other processes are met as before: by
// conditions, and by trying again (retry.ts).

import type { FolderId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import { retrying } from './retry.ts'

/** Writers that wait for one folder; each is a command of a session or a delivery, which have limits of their own. */
export const WRITERS_WAITING_MAX = 1_000

export type Writers = {
  /** Repeats the step as `retrying` does, when it is its turn in all of the folders. Steps never take a turn within a step. */
  change<T>(folders: readonly FolderRef[], step: () => Promise<T>): Promise<T>
}

type Waiting = {
  /** Resolves when the last of those who came has had his turn. Never rejects. */
  last: Promise<void>
  count: number
}

export function createWriters({ clock }: { readonly clock: Clock }): Writers {
  const waiting = new Map<FolderId, Waiting>()

  /** Resolves to what ends the turn. */
  async function turnIn(id: FolderId): Promise<() => void> {
    const queue = waiting.get(id) ?? { last: Promise.resolve(), count: 0 }
    if (queue.count >= WRITERS_WAITING_MAX) throw new Contended('too many writers wait')
    waiting.set(id, queue)
    queue.count++
    const before = queue.last
    const turn = Promise.withResolvers<void>()
    queue.last = turn.promise
    await before
    return () => {
      turn.resolve()
      queue.count--
      if (queue.count === 0) waiting.delete(id)
    }
  }

  async function change<T>(folders: readonly FolderRef[], step: () => Promise<T>): Promise<T> {
    // In one order, so that nobody waits for somebody who waits for him.
    const ids = [...new Set(folders.map(({ id }) => id))].sort()
    const ends: (() => void)[] = []
    try {
      for (const id of ids) ends.push(await turnIn(id))
      return await retrying(clock, step)
    } finally {
      for (const end of ends) end()
    }
  }

  return { change }
}
