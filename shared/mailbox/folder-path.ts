// Names of folders as clients see them: the names from the top of the tree down to the folder, joined by `/`.

import type { FolderId } from '#shared/contracts/mailbox.ts'
import type { FolderRecord } from './records.ts'

export const DELIMITER = '/'
export const INBOX = 'INBOX'

/** UTF-8 bytes of one folder name, its parents not counted. */
export const FOLDER_NAME_BYTES_MAX = 255
/** UTF-8 bytes of a whole path: subscriptions are kept by path and keys are limited. */
export const FOLDER_PATH_BYTES_MAX = 900
/** Folders in each other. */
export const FOLDER_DEPTH_MAX = 20

/** The names of a path; undefined when one of them, or all together, cannot name a folder. */
export function namesOf(path: string): readonly string[] | undefined {
  if (Buffer.byteLength(path) > FOLDER_PATH_BYTES_MAX) return undefined
  const [top = '', ...below] = path.normalize('NFC').split(DELIMITER)
  const names = [normalTop(top), ...below]
  return names.length <= FOLDER_DEPTH_MAX && names.every(isFolderName) ? names : undefined
}

/** INBOX is spelled in any case (RFC 9051 §5.1); all else is told apart by case, and compared in one normal form. */
export function normalTop(name: string): string {
  return name.toUpperCase() === INBOX ? INBOX : name.normalize('NFC')
}

export const normalName = (parentId: FolderId | null, name: string) =>
  parentId === null ? normalTop(name) : name.normalize('NFC')

export function isFolderName(name: string): boolean {
  return (
    name !== '' && Buffer.byteLength(name) <= FOLDER_NAME_BYTES_MAX && !/[\0-\x1f\x7f/]/.test(name)
  )
}

/** The folders of one account as a tree. */
export class FolderTree {
  readonly folders: readonly FolderRecord[]
  readonly #byId: ReadonlyMap<FolderId, FolderRecord>
  readonly #byParent: ReadonlyMap<FolderId | null, readonly FolderRecord[]>
  readonly #byName: ReadonlyMap<string, FolderRecord>

  constructor(folders: readonly FolderRecord[]) {
    this.folders = folders
    this.#byId = new Map(folders.map((folder) => [folder.id, folder]))
    this.#byParent = Map.groupBy(folders, ({ parentId }) => parentId)
    this.#byName = new Map(folders.map((folder) => [placeOf(folder.parentId, folder.name), folder]))
  }

  /** From the top of the tree down to the folder itself. */
  line(folder: FolderRecord): readonly FolderRecord[] {
    const line = [folder]
    for (let at = folder; at.parentId !== null; ) {
      const parent = this.#byId.get(at.parentId)
      // Cannot happen but in a read of half a removal; the depth ends any circle.
      if (parent === undefined || line.length > FOLDER_DEPTH_MAX) break
      line.unshift(parent)
      at = parent
    }
    return line
  }

  pathOf(folder: FolderRecord): string {
    return this.line(folder)
      .map(({ name }) => name)
      .join(DELIMITER)
  }

  /** The folder of this path, in any normal form and INBOX in any case. */
  find(path: string): FolderRecord | undefined {
    const names = namesOf(path)
    const line = names && this.along(names)
    return line?.length === names?.length ? line?.at(-1) : undefined
  }

  /** The folders along these names as far as they exist. */
  along(names: readonly string[]): readonly FolderRecord[] {
    const line: FolderRecord[] = []
    for (const name of names) {
      const parentId = line.at(-1)?.id ?? null
      const next = this.child(parentId, name)
      if (next === undefined) break
      line.push(next)
    }
    return line
  }

  child(parentId: FolderId | null, name: string): FolderRecord | undefined {
    return this.#byName.get(placeOf(parentId, normalName(parentId, name)))
  }

  children(parentId: FolderId | null): readonly FolderRecord[] {
    return this.#byParent.get(parentId) ?? []
  }

  /** The folder and everything below it, parents first. */
  subtree(folder: FolderRecord): readonly FolderRecord[] {
    return [folder, ...this.children(folder.id).flatMap((child) => this.subtree(child))]
  }
}

const placeOf = (parentId: FolderId | null, name: string) => `${parentId ?? ''}${DELIMITER}${name}`
