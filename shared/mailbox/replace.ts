// A message put in the place of another (REPLACE, RFC 8508): one transaction, whether both are in one folder or in two.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { messageOf } from './append.ts'
import { bytesOf, references } from './append-together.ts'
import { release } from './blob-references.ts'
import { readMessages } from './folder-reading.ts'
import {
  assertKnownTo,
  commitEdits,
  editsOf,
  openAdmission,
  readBothFolders,
  type TransferDeps,
} from './folder-transaction.ts'
import type { Mailbox, NewMessage, Replaced } from './port.ts'
import type { Limits } from './quota.ts'

export function createReplace(deps: TransferDeps): Mailbox['replace'] {
  const { table, clock, writers } = deps

  function replace(
    source: FolderRef,
    uid: Uid,
    target: FolderRef,
    message: NewMessage,
    limits?: Limits,
  ): Promise<Replaced> {
    return writers.change([source, target], async (): Promise<Replaced> => {
      const folders = await readBothFolders(table, source, target)
      if (folders.kind !== 'both') return folders
      const [old] = await readMessages(table, source.id, [uid])
      if (old === undefined) return { kind: 'no-such-message' }
      assertKnownTo(folders.from, [old])
      const admission = await openAdmission(deps, target, limits)
      // What is replaced makes room, unless it is of another account.
      if (source.accountId === target.accountId) admission?.makeRoom(old.size)
      const refused = admission?.refuses([bytesOf(message)])
      if (refused !== undefined) return refused
      const edits = editsOf(folders, clock.now())
      edits.from.remove(old)
      const replacement = edits.to.add(messageOf(message))
      // The same blob in its own place, as when a first attempt was carried out but not answered: its count stays.
      const blobs =
        old.blobId === message.blob.id
          ? []
          : [...(await release(table, [old], clock.now())), ...references([message])]
      await commitEdits(deps, edits.all, blobs, admission?.change)
      const { uidValidity } = folders.to
      return { kind: 'replaced', uid: replacement, modSeq: edits.to.modSeq, uidValidity }
    })
  }

  return replace
}
