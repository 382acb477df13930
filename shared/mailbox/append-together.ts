// Several messages appended all or nothing (MULTIAPPEND, RFC 3502): one transaction.

import type { FolderRef } from '#shared/contracts/mailbox.ts'
import { TRANSACT_ITEMS_MAX, type Write } from '#shared/storage/ports.ts'
import { messageOf, sizeOf } from './append.ts'
import { reference } from './blob-references.ts'
import { FOLDER_WRITES, FolderEdit } from './folder-edit.ts'
import { readFolder } from './folder-reading.ts'
import { commitEdits, openAdmission, type TransferDeps } from './folder-transaction.ts'
import type { AppendedTogether, Mailbox, NewMessage } from './port.ts'
import type { Limits } from './quota.ts'
import { USAGE_WRITES } from './usage.ts'

/** Messages that can be appended all or nothing: each also writes its blob. */
export const APPEND_TOGETHER_MAX = Math.floor(
  (TRANSACT_ITEMS_MAX - FOLDER_WRITES - USAGE_WRITES) / 2,
)

export function createAppendTogether(deps: TransferDeps): Mailbox['appendTogether'] {
  const { table, clock, writers } = deps

  /** All of the messages or, with TemporaryFailure, none. `once` does not apply. */
  function appendTogether(
    folder: FolderRef,
    messages: readonly NewMessage[],
    limits?: Limits,
  ): Promise<AppendedTogether> {
    if (messages.length > APPEND_TOGETHER_MAX) return Promise.resolve({ kind: 'too-many' })
    return writers.change([folder], async (): Promise<AppendedTogether> => {
      const before = await readFolder(table, folder)
      if (!before?.selectable) return { kind: 'no-such-folder' }
      const { modSeq, uidValidity } = before
      if (messages.length === 0) return { kind: 'appended', uids: [], modSeq, uidValidity }
      const admission = await openAdmission(deps, folder, limits)
      const refused = admission?.refuses(messages.map(bytesOf))
      if (refused !== undefined) return refused
      const edit = new FolderEdit(before, clock.now())
      const uids = messages.map((message) => edit.add(messageOf(message)))
      await commitEdits(deps, [[before, edit]], references(messages), admission?.change)
      return { kind: 'appended', uids, modSeq: edit.modSeq, uidValidity }
    })
  }

  return appendTogether
}

/** What it takes of the limits. */
export const bytesOf = (message: NewMessage) => ({
  bytes: sizeOf(message),
  storedBytes: message.blob.object.length,
})

/** One write for each blob, however many of the messages it is. */
export function references(messages: readonly Pick<NewMessage, 'blob'>[]): Write[] {
  const byBlob = Map.groupBy(messages, ({ blob }) => blob.id)
  return [...byBlob.values()].flatMap(([first, ...more]) =>
    first === undefined ? [] : [reference(first.blob, undefined, 1 + more.length)],
  )
}
