// Keys of the `mail` table; the only place that knows them.
//
//   A#<account>   F#<folder>            folder with its counters
//   A#<account>   N#<parent>#<name>     guard: one folder of a name per parent
//   A#<account>   U#<use>               guard: one folder of a special use
//   A#<account>   S#<path>              subscription: a name, whether a folder has it or not
//   A#<account>   X#<folder>#<entry>    annotation (RFC 5464)
//   A#<account>   L#<folder>            access rights (RFC 4314): who may do what
//   A#<account>   G#<owner>#<folder>    index of those: a folder of another account that names this one
//   A#<account>   STATE                 next UIDVALIDITY
//   A#<account>   USAGE                 what the account stores, and what of it is limited
//   F#<folder>    M#<uid>               message
//   F#<folder>    C#<modseq>            change-log entry, one per modseq
//   F#<folder>    D#<blob>              marker: delivered into this folder with a reserved reference
//   F#<folder>    O#<source>#<batch>    which messages of another system became which of these (bring-in.ts)
//   F#<folder>    O#<source>!           how the source was when all of it had been brought
//   F#<folder>    P#<uid>               what POP3 called messages of another system there, from this uid on, and in which order
//   EVERYONE      G#<owner>#<folder>    the same for folders that name all accounts
//   B#<blob>      META                  blob: object pointer, index, reference count

import type {
  AccountId,
  BlobId,
  FolderId,
  FolderRef,
  ModSeq,
  Uid,
} from '#shared/contracts/mailbox.ts'
import type { Key } from '#shared/storage/ports.ts'

const uidDigits = 10
const modSeqDigits = 16
const batchDigits = 10

export const accountPk = (accountId: AccountId) => `A#${accountId}`
export const folderPk = (folderId: FolderId) => `F#${folderId}`

export const folderKey = (accountId: AccountId, folderId: FolderId): Key => ({
  pk: accountPk(accountId),
  sk: `F#${folderId}`,
})

export const nameKey = (accountId: AccountId, parentId: FolderId | null, name: string): Key => ({
  pk: accountPk(accountId),
  sk: `N#${parentId ?? ''}#${name}`,
})

export const useKey = (accountId: AccountId, use: string): Key => ({
  pk: accountPk(accountId),
  sk: `U#${use}`,
})

export const subscriptionKey = (accountId: AccountId, path: string): Key => ({
  pk: accountPk(accountId),
  sk: `S#${path}`,
})

/** Beginnings of sort keys. */
export const foldersPrefix = 'F#'
export const annotationsPrefix = 'X#'
export const subscriptionsPrefix = 'S#'

/** Folder null: the account as a whole. */
export const annotationSk = (folderId: FolderId | null, entry: string) =>
  `X#${folderId ?? ''}#${entry}`

export const accessKey = ({ accountId, id }: FolderRef): Key => ({
  pk: accountPk(accountId),
  sk: `L#${id}`,
})

/** Partition of the index of folders that are open to all accounts. */
export const everyonePk = 'EVERYONE'
/** Without an owner: of all of them. */
export const grantsPrefix = (owner?: AccountId) => (owner === undefined ? 'G#' : `G#${owner}#`)
export const grantKey = (pk: string, { accountId, id }: FolderRef): Key => ({
  pk,
  sk: grantsPrefix(accountId) + id,
})
export function grantedFolder({ sk }: Key): FolderRef {
  const [, owner = '', id = ''] = sk.split('#')
  return { accountId: owner as AccountId, id: id as FolderId }
}

export const stateKey = (accountId: AccountId): Key => ({ pk: accountPk(accountId), sk: 'STATE' })

export const usageKey = (accountId: AccountId): Key => ({ pk: accountPk(accountId), sk: 'USAGE' })

export const messageSk = (uid: number) => `M#${String(uid).padStart(uidDigits, '0')}`
export const changeSk = (modSeq: number) => `C#${String(modSeq).padStart(modSeqDigits, '0')}`

export const messageKey = (folderId: FolderId, uid: Uid): Key => ({
  pk: folderPk(folderId),
  sk: messageSk(uid),
})

export const changeKey = (folderId: FolderId, modSeq: ModSeq): Key => ({
  pk: folderPk(folderId),
  sk: changeSk(modSeq),
})

export const deliveredKey = (folderId: FolderId, blobId: BlobId): Key => ({
  pk: folderPk(folderId),
  sk: `D#${blobId}`,
})

export const originsPrefix = 'O#'
export const originPrefix = (source: string) => `${originsPrefix}${source}#`
export const originKey = (folderId: FolderId, source: string, batch: number): Key => ({
  pk: folderPk(folderId),
  sk: originPrefix(source) + String(batch).padStart(batchDigits, '0'),
})

/** How the source was when all of it had been brought. */
export const sourceStateKey = (folderId: FolderId, source: string): Key => ({
  pk: folderPk(folderId),
  sk: `${originsPrefix}${source}!`,
})

export const popIdsPrefix = 'P#'
export const popIdsKey = (folderId: FolderId, first: Uid): Key => ({
  pk: folderPk(folderId),
  sk: popIdsPrefix + String(first).padStart(uidDigits, '0'),
})

export const blobKey = (blobId: BlobId): Key => ({ pk: `B#${blobId}`, sk: 'META' })

/** Topic of hints that the account's folder tree, subscriptions or annotations changed: the hint says which. */
export const accountTopic = (accountId: AccountId) => `account/${accountId}`

/** Topic of change hints for a folder. */
export const folderTopic = (folderId: FolderId) => `folder/${folderId}`
