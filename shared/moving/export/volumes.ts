// A mailbox cut into volumes: each is an export of its own, of some folders whole and perhaps of one in part, so that none is larger than somebody
// downloads in one go. A message that is larger than a volume may be is one alone.

import type { FolderId, Message } from '#shared/contracts/mailbox.ts'
import type { ExportOptions } from './maildir-export.ts'
import { type OwnFolder, type OwnMailbox, ownFolders } from './own-mailbox.ts'

/** Where the next one begins: in this folder behind this uid. Folders are in the order of their ids, which no renaming changes. */
export type VolumePlace = { readonly folder: string; readonly uid: number }

export type VolumeLimits = {
  /** Of messages as they are, before they are packed. */
  readonly bytes: number
  readonly messages: number
}

/** One of them, before it is written. */
export type Volume = {
  /** The mailbox as if it held no more than this. */
  readonly own: OwnMailbox
  readonly isWanted: NonNullable<ExportOptions['isWanted']>
  readonly messages: number
  readonly bytes: number
  /** That end in it. */
  readonly folders: number
  /** Undefined: this is the last. */
  readonly next: VolumePlace | undefined
}

type Part = Awaited<ReturnType<OwnMailbox['mailbox']['snapshot']>> & {
  /** The next volume has more of the folder. */
  readonly goesOn: boolean
}

/** Holds the messages of one volume and those of one folder. A mailbox without messages is a volume as well. */
export async function* volumesOf(
  own: OwnMailbox,
  from: VolumePlace | undefined,
  limits: VolumeLimits,
): AsyncGenerator<Volume> {
  const tree = await own.mailbox.folders.tree(own.accountId)
  const folders = await ownFolders(withTree(own, tree))
  let volume = new Gathered()
  for (const folder of folders.sort(byId)) {
    const { id } = folder.folder
    if (from !== undefined && id < from.folder) continue
    const snapshot = await own.mailbox.snapshot(folder.folder)
    const after = id === from?.folder ? from.uid : 0
    const messages = snapshot.messages.filter(({ uid }) => uid > after)
    let first = 0
    for (const [i, message] of messages.entries()) {
      if (volume.hasRoomFor(message, limits)) {
        volume.count(message)
        continue
      }
      if (i > first)
        volume.add(folder, { ...snapshot, messages: messages.slice(first, i), goesOn: true })
      yield volume.end(withTree(own, tree), { folder: id, uid: messages[i - 1]?.uid ?? after })
      volume = new Gathered()
      volume.count(message)
      first = i
    }
    volume.add(folder, { ...snapshot, messages: messages.slice(first), goesOn: false })
    volume.folders++
  }
  yield volume.end(withTree(own, tree), undefined)
}

const byId = (a: OwnFolder, b: OwnFolder) => (a.folder.id < b.folder.id ? -1 : 1)

class Gathered {
  folders = 0
  #messages = 0
  #bytes = 0
  readonly #parts = new Map<FolderId, Part>()
  readonly #paths = new Set<string>()

  hasRoomFor({ size }: Message, limits: VolumeLimits): boolean {
    const isFirst = this.#messages === 0
    return isFirst || (this.#bytes + size <= limits.bytes && this.#messages + 1 <= limits.messages)
  }

  count({ size }: Message): void {
    this.#messages++
    this.#bytes += size
  }

  add({ folder, path }: OwnFolder, part: Part): void {
    this.#parts.set(folder.id, part)
    this.#paths.add(path)
  }

  end(own: OwnMailbox, next: VolumePlace | undefined): Volume {
    const { mailbox } = own
    const snapshot: OwnMailbox['mailbox']['snapshot'] = async (folder) => {
      const part = this.#parts.get(folder.id)
      if (part === undefined) throw new Error('a folder of another volume was asked for')
      return part
    }
    const get: OwnMailbox['mailbox']['folders']['get'] = async (accountId, id) => {
      const folder = await mailbox.folders.get(accountId, id)
      const part = this.#parts.get(id)
      const last = part?.messages.at(-1)
      if (folder === undefined || !part?.goesOn || last === undefined) return folder
      // Whoever reads one volume after the other has uids to come.
      return { ...folder, uidNext: last.uid }
    }
    const folders = { ...mailbox.folders, get }
    return {
      own: { ...own, mailbox: { ...mailbox, folders, snapshot } },
      isWanted: (path) => this.#paths.has(path),
      messages: this.#messages,
      bytes: this.#bytes,
      folders: this.folders,
      next,
    }
  }
}

type Tree = Awaited<ReturnType<OwnMailbox['mailbox']['folders']['tree']>>

/** Names as they were when the volumes were begun: one renamed meanwhile is left out of none. */
const withTree = (own: OwnMailbox, tree: Tree): OwnMailbox => ({
  ...own,
  mailbox: { ...own.mailbox, folders: { ...own.mailbox.folders, tree: async () => tree } },
})
