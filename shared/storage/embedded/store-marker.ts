// `store.json` beside the store file names the store and the version of its format; the store carries the same. So a data folder
// whose store was emptied or exchanged is not taken for a new one, and a newer format is not opened by an older program.

import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemFull } from '#shared/runtime/errors.ts'
import { checkFormat } from '../format.ts'
import { RESTORE, UnusableStore } from '../unusable-store.ts'
import type { Environment } from './environment.ts'
import { MARKER_FILE } from './marker-file.ts'
import { syncFolder } from './object-files.ts'

export { MARKER_FILE }
export type StoreMarker = { readonly store: string; readonly format: number }

/** Undefined in a folder that never had a store, or had it before there were markers. */
export async function readMarker(
  directory: string,
  known: number,
): Promise<StoreMarker | undefined> {
  const path = join(directory, MARKER_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const marker = parseMarker(text)
  if (marker === undefined) {
    throw new UnusableStore(`${MARKER_FILE} says nothing of the store; ${RESTORE}`)
  }
  checkFormat(marker.format, known)
  return marker
}

/**
 * Makes store and marker name each other, and both the format that this program writes. Rejects with UnusableStore when they name
 * different stores, or a newer format.
 */
export async function agreeOnMarker(
  directory: string,
  environment: Environment,
  { marker, known }: { readonly marker: StoreMarker | undefined; readonly known: number },
): Promise<StoreMarker> {
  const about = environment.database('about')
  const key = Buffer.from('store')
  const stored = (): StoreMarker | undefined => {
    const value = about.get(key)
    return value && parseMarker(Buffer.from(value).toString('utf8'))
  }
  environment.refresh()
  const before = stored()
  if (before !== undefined) checkFormat(before.format, known)
  if (marker !== undefined && before?.store !== marker.store) {
    const found = before === undefined ? 'a new and empty one' : `the store ${before.store}`
    throw new UnusableStore(
      `store.mdb is ${found}, but ${MARKER_FILE} names the store ${marker.store}; ${RESTORE}`,
    )
  }
  const isCurrent = [marker, before].every((one) => one !== undefined && one.format >= known)
  if (isCurrent && before !== undefined) return before
  try {
    return await mark()
  } catch (error) {
    // A folder of an older version, on a full disk: it gets its marker when there is room.
    if (!isNoRoom(error)) throw error
    return stored() ?? { store: '', format: 0 }
  }

  // The store first: a marker without its store would look like a loss. Of two processes that begin at once one decides.
  async function mark(): Promise<StoreMarker> {
    const agreed = await environment.commit(() => {
      const { store = randomUUID(), format = 0 } = stored() ?? {}
      return format >= known ? { store, format } : put({ store, format: known })
    })
    await writeMarker(directory, agreed)
    return agreed
  }

  function put(value: StoreMarker): StoreMarker {
    about.put(key, Buffer.from(JSON.stringify(value)))
    return value
  }
}

function isNoRoom(error: unknown): boolean {
  return (
    error instanceof SystemFull ||
    (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
  )
}

function parseMarker(text: string): StoreMarker | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (!('store' in value) || typeof value.store !== 'string') return undefined
  if (!('format' in value) || typeof value.format !== 'number') return undefined
  return { store: value.store, format: value.format }
}

async function writeMarker(directory: string, marker: StoreMarker): Promise<void> {
  const path = join(directory, MARKER_FILE)
  const unfinished = `${path}.${randomUUID()}`
  try {
    await writeFile(unfinished, `${JSON.stringify(marker)}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    })
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await syncFolder(directory)
}
