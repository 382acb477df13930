// Makes the store file as small as what is in it: a copy without free pages takes its place, by one rename. Nobody else may have the
// store open meanwhile. A kill leaves the old file or the new one, and at most a file that the next run removes.

import { open as openFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { UnusableStore } from '../unusable-store.ts'
import { STORE_FILE } from './environment.ts'
import { beginMaintenance, endMaintenance } from './maintenance.ts'
import { syncFolder } from './object-files.ts'
import { openEmbeddedStore } from './open.ts'
import { lockAlone } from './serving-lock.ts'

const COMPACTED_FILE = `${STORE_FILE}.compacted`

export type Compacted = { readonly bytesBefore: number; readonly bytesAfter: number }

/** Rejects with UnusableStore while somebody uses it. */
export async function compactStore(
  directory: string,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<Compacted> {
  using _lock = await lockAlone(directory, clock.now())
  const path = join(directory, STORE_FILE)
  const compacted = join(directory, COMPACTED_FILE)
  const bytesBefore = (await stat(path)).size
  await rm(compacted, { force: true })
  {
    await using store = await openEmbeddedStore({ directory, clock })
    await beginMaintenance(directory, 'compact')
    try {
      const others = store.processes().filter((pid) => pid !== process.pid)
      if (others.length > 0) {
        throw new UnusableStore(`it is in use by process ${others.join(', ')}; wait for its end`)
      }
      await store.copyCompacted(compacted)
    } catch (error) {
      await endMaintenance(directory)
      throw error
    }
  }
  try {
    await using file = await openFile(compacted, 'r+')
    await file.sync()
  } catch (error) {
    await endMaintenance(directory)
    throw error
  }
  await rename(compacted, path)
  await syncFolder(directory)
  await endMaintenance(directory)
  return { bytesBefore, bytesAfter: (await stat(path)).size }
}
