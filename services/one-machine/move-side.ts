// A data folder as one end of a move (shared/moving/replication).

import { join } from 'node:path'
import { maildropPath } from '#services/assembly/pickup.ts'
import { explained } from '#services/assembly/start-failure.ts'
import { MaildropFolder } from '#services/pickup/maildrop-folder.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import { changedRuns } from '#shared/storage/embedded/changed-runs.ts'
import { type EmbeddedStore, openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { lockAlone } from '#shared/storage/embedded/serving-lock.ts'
import { readMarker } from '#shared/storage/embedded/store-marker.ts'
import { STORE_FORMAT } from '#shared/storage/format.ts'
import { UnusableStore } from '#shared/storage/unusable-store.ts'

const LOOK_MS = 100
/** Files of the maildrop that are counted. */
const MAILDROP_FILES_MAX = 1_000

export type FolderSide = Side & AsyncDisposable & { readonly store: EmbeddedStore }

export async function openFolderSide(given: {
  readonly directory: string
  readonly settings: Pick<Settings, 'maildropDirectory'>
  readonly clock: Clock
}): Promise<FolderSide> {
  const { directory, settings, clock } = given
  const name = `the data folder ${directory}`
  const store = await explained(`cannot use ${name}`, openEmbeddedStore({ directory, clock }))
  const marker = await readMarker(directory, STORE_FORMAT)
  return {
    name,
    identity: `folder ${marker?.store ?? directory}`,
    store,
    async scan(table, take) {
      await using view = store.view()
      for await (const { items } of changedRuns(view.entries(table), new Map())) take(items)
      return 0
    },
    async rescan(table, known, take) {
      await using view = store.view()
      for await (const run of changedRuns(view.entries(table), known)) take(run)
    },
    async alone(tell) {
      const lock = await whenFree(directory, clock, tell)
      for (;;) {
        const others = store.processes().filter((pid) => pid !== process.pid)
        if (others.length === 0) break
        tell(`waiting for process ${others.join(', ')} to end with ${name}`)
        await clock.sleep(LOOK_MS)
      }
      return { [Symbol.asyncDispose]: async () => lock[Symbol.dispose]() }
    },
    waiting: () => inMaildrop(maildropPath(directory, settings), clock),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

async function whenFree(
  directory: string,
  clock: Clock,
  tell: (waitingFor: string) => void,
): Promise<Disposable> {
  for (;;) {
    try {
      return await lockAlone(directory, clock.now())
    } catch (error) {
      if (!(error instanceof UnusableStore)) throw error
      tell(`stop the server of ${directory} now`)
      await clock.sleep(LOOK_MS)
    }
  }
}

/** What programs left there is accepted, and only a server takes it into the queue. */
async function inMaildrop(path: string, clock: Clock): Promise<string | undefined> {
  const folder = await MaildropFolder.open(path)
  const whole = await folder.whole(MAILDROP_FILES_MAX, clock.now())
  const waiting = whole.length + (await folder.claimed()).length
  return waiting === 0 ? undefined : `${waiting} of what programs wrote to ${join(path, '')}`
}
