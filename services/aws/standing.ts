// Whether an entry may work: not on a store that was closed for a move, nor on one that is being filled (shared/storage/move-mark.ts). Nobody
// tells a process; each looks by itself before what it does next, when it last looked some seconds ago.

import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { readMoveMark, reasonOf, refuseWhileMoved } from '#shared/storage/move-mark.ts'
import type { Table } from '#shared/storage/ports.ts'

export type Standing = { readonly mayWork: () => Promise<void> }

/** The store was taken away from the processes that work on it: what they are asked for is to be tried again, elsewhere. */
export class StoreClosed extends TemporaryFailure {
  override readonly name = 'StoreClosed'
}

/** After it nobody works on a store that was closed, but for what was begun. */
export const STANDING_LOOKED_AT_MS = 5_000

/** Rejects with an UnusableStore where it may not begin. */
export async function openStanding({
  directory,
  clock,
}: {
  readonly directory: Table
  readonly clock: Pick<Clock, 'now'>
}): Promise<Standing> {
  await refuseWhileMoved(directory)
  let lookedMs = clock.now()
  let reason: string | undefined
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    const mark = await readMoveMark(directory)
    reason = mark && reasonOf(mark)
    lookedMs = clock.now()
  }

  return {
    async mayWork() {
      // One look is for all who wait for it. One that fails lets nobody work: who cannot read cannot write either.
      if (clock.now() - lookedMs >= STANDING_LOOKED_AT_MS) {
        looking ??= look().finally(() => {
          looking = undefined
        })
        await looking
      }
      if (reason !== undefined) throw new StoreClosed(reason)
    },
  }
}
