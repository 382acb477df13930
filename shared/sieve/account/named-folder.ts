// The folder that a script names. Where there is none, and none is to be made or can be, it is INBOX: mail is not lost for that.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { usesNamed } from '#shared/mailbox/special-use.ts'
import type { Fcc } from '../actions.ts'

export type NamedFolder = Omit<Fcc, 'flags'>

type Deps = Pick<Mailbox, 'folders' | 'inbox'>

export async function namedFolder(
  mailbox: Deps,
  accountId: AccountId,
  { folder: path, create, specialUse, mailboxId }: NamedFolder,
): Promise<FolderRecord> {
  const { folders } = mailbox
  if (mailboxId !== null) {
    const all = await folders.list(accountId)
    const found = all.find((folder) => folder.mailboxId === mailboxId)
    if (found?.selectable) return found
  }
  // RFC 6154 §6: in any case. One that no folder can have is none.
  const [use] = (specialUse !== null && usesNamed([specialUse])) || []
  const used = use === undefined ? undefined : await folders.findUse(accountId, use)
  if (used?.selectable) return used
  const named = await folders.find(accountId, path)
  if (named?.selectable) return named
  // RFC 8579 §4.1: what is made for a use has it.
  const uses = use === undefined || used ? [] : [use]
  const made = create ? await makeFolder(mailbox, accountId, path, uses) : undefined
  return made ?? (await mailbox.inbox(accountId))
}

/** Undefined where it cannot be. */
export async function makeFolder(
  { folders }: Pick<Deps, 'folders'>,
  accountId: AccountId,
  path: string,
  uses: readonly string[],
): Promise<FolderRecord | undefined> {
  const made = await folders.create(accountId, path, uses)
  if (made.kind === 'created') return made.folder
  // Somebody else made it a moment earlier, or it may not be.
  const again = await folders.find(accountId, path)
  return again?.selectable ? again : undefined
}
