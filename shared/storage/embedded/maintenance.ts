// A data folder that is being restored or compacted says so in a file, which whoever opens the store looks at after lmdb knows of him.
// Whoever maintains it writes the file first and looks then whom lmdb knows: of the two one sees the other, so that no command writes
// into a file that is being replaced.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnusableStore } from '../unusable-store.ts'
import { syncFolder } from './object-files.ts'
import { whoServes } from './serving-lock.ts'

export const MAINTENANCE_FILE = 'maintenance.json'

export type Maintenance = 'restore' | 'compact'

/** Rejects with UnusableStore while it goes on, and after a restore that did not come to its end. */
export async function refuseDuringMaintenance(directory: string): Promise<void> {
  const what = await readMaintenance(directory)
  if (what === undefined) return
  if (what === 'restore') {
    throw new UnusableStore('a restore of it has not come to its end; run it again')
  }
  // The old file is whole until the new one is renamed into its place, so one that was killed left nothing to mend.
  if ((await whoServes(directory)) === undefined) return await endMaintenance(directory)
  throw new UnusableStore('it is being compacted; wait for the end of it')
}

export async function readMaintenance(directory: string): Promise<Maintenance | undefined> {
  try {
    const text = await readFile(join(directory, MAINTENANCE_FILE), 'utf8')
    return text.includes('compact') ? 'compact' : 'restore'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** By whoever holds the serving lock. */
export async function beginMaintenance(directory: string, what: Maintenance): Promise<void> {
  await writeFile(join(directory, MAINTENANCE_FILE), `${JSON.stringify({ what })}\n`, {
    mode: 0o600,
    flush: true,
  })
  await syncFolder(directory)
}

export async function endMaintenance(directory: string): Promise<void> {
  await rm(join(directory, MAINTENANCE_FILE), { force: true })
  await syncFolder(directory)
}
