// A data folder that is being restored or compacted says so in a file, which whoever opens the store looks at after lmdb knows of him.
// Whoever maintains it writes the file first and looks then whom lmdb knows: of the two one sees the other, so that no command writes
// into a file that is being replaced.

import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnusableStore } from '../unusable-store.ts'
import { syncFolder } from './object-files.ts'
import { whoServes } from './serving-lock.ts'

export const MAINTENANCE_FILE = 'maintenance.json'

export type Maintenance = 'restore' | 'compact'

/** How far a restore has come: whoever goes on with one must not take what was there before for what it has copied. */
export type RestoreStep = {
  /** The folder for what was there before; undefined: there was nothing. */
  readonly aside: string | undefined
  /** All that was there is in it. */
  readonly isCopying: boolean
}

/** Rejects with UnusableStore while it goes on, and after a restore that did not come to its end. */
export async function refuseDuringMaintenance(directory: string): Promise<void> {
  await refuseUnfinishedRestore(directory)
  if ((await readMaintenance(directory)) === undefined) return
  // The old file is whole until the new one is renamed into its place, so one that was killed left nothing to mend.
  if ((await whoServes(directory)) === undefined) return await endMaintenance(directory)
  throw new UnusableStore('it is being compacted; wait for the end of it')
}

export async function refuseUnfinishedRestore(directory: string): Promise<void> {
  if ((await readMaintenance(directory)) !== 'restore') return
  throw new UnusableStore('a restore of it has not come to its end; run it again')
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
export async function beginMaintenance(
  directory: string,
  what: Maintenance,
  step?: RestoreStep,
): Promise<void> {
  const path = join(directory, MAINTENANCE_FILE)
  // By a rename: one step or the other is there, whatever happens.
  const next = `${path}.next`
  await writeFile(next, `${JSON.stringify({ what, ...step })}\n`, { mode: 0o600, flush: true })
  await rename(next, path)
  await syncFolder(directory)
}

/** Of a restore that has not come to its end. */
export async function readRestoreStep(directory: string): Promise<RestoreStep | undefined> {
  if ((await readMaintenance(directory)) !== 'restore') return undefined
  const text = await readFile(join(directory, MAINTENANCE_FILE), 'utf8')
  const found: Partial<RestoreStep> = JSON.parse(text)
  // Versions that wrote no step began to copy at once.
  return { aside: found.aside, isCopying: found.isCopying ?? true }
}

export async function endMaintenance(directory: string): Promise<void> {
  await rm(join(directory, MAINTENANCE_FILE), { force: true })
  await syncFolder(directory)
}
