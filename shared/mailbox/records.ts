// Items of the `mail` table as typed records, and back. Attribute names of message items are short: FETCH 1:* FLAGS reads all of
// them and pays by the byte.

import type {
  AccountId,
  BlobId,
  Folder,
  FolderId,
  Message,
  ModSeq,
  Uid,
} from '#shared/contracts/mailbox.ts'
import type { Item } from '#shared/storage/ports.ts'
import { type FlagSet, flagList } from './flags.ts'
import { accountPk, folderPk, messageSk } from './keys.ts'

/** A folder as stored: what listeners see, and what only shared/mailbox needs. */
export type FolderRecord = Folder & {
  readonly digest: number
  /** Deleted: hidden, and to go as soon as its messages are gone. */
  readonly removed: boolean
  /** There is an item of access rights: nobody reads one where there is none. */
  readonly shared: boolean
  /** What of it the account's USAGE holds; null: an older version made the folder, and nothing is counted yet. */
  readonly counted: { readonly bytes: number; readonly messages: number } | null
  /** The lowest uid that is \Recent (recent.ts); null: an older version made the folder, and nothing is. */
  readonly recentFrom: number | null
  /** Uids that the first message of our own leaves to a system that messages still come from (bring-in.ts); 0: none. */
  readonly uidGap: number
  /** There are items that say where messages came from. */
  readonly broughtIn: boolean
}

/** The item of a new folder: later changes are updates of single attributes. */
export function folderItem(folder: FolderRecord): Item {
  return {
    pk: accountPk(folder.accountId),
    sk: `F#${folder.id}`,
    parentId: folder.parentId,
    name: folder.name,
    uidValidity: folder.uidValidity,
    uidNext: folder.uidNext,
    modSeq: folder.modSeq,
    exists: folder.exists,
    unseen: folder.unseen,
    deleted: folder.deleted,
    bytes: folder.bytes,
    digest: folder.digest,
    specialUse: usesText(folder.specialUses),
    children: folder.children,
    countedBytes: folder.counted?.bytes ?? 0,
    countedMessages: folder.counted?.messages ?? 0,
    ...(folder.recentFrom === null ? {} : { recentFrom: folder.recentFrom }),
  }
}

export function folderRecord(item: Item): FolderRecord {
  const { keywords, children, countedBytes, countedMessages, recentFrom } = item
  return {
    accountId: item.pk.slice(2) as AccountId,
    id: item.sk.slice(2) as FolderId,
    mailboxId: optionalText(item, 'mailboxId') ?? item.sk.slice(2),
    selectable: item.noselect !== true && item.removed !== true,
    removed: item.removed === true,
    shared: item.shared === true,
    parentId: optionalText(item, 'parentId') as FolderId | null,
    name: text(item, 'name'),
    uidValidity: number(item, 'uidValidity'),
    uidNext: number(item, 'uidNext') as Uid,
    modSeq: number(item, 'modSeq') as ModSeq,
    exists: number(item, 'exists'),
    unseen: number(item, 'unseen'),
    deleted: number(item, 'deleted'),
    bytes: number(item, 'bytes'),
    digest: number(item, 'digest'),
    specialUses: usesOf(optionalText(item, 'specialUse')),
    children: typeof children === 'number' ? children : 0,
    keywords: keywords instanceof Set ? [...keywords] : noKeywords,
    counted:
      typeof countedBytes === 'number' && typeof countedMessages === 'number'
        ? { bytes: countedBytes, messages: countedMessages }
        : null,
    recentFrom: typeof recentFrom === 'number' ? recentFrom : null,
    uidGap: typeof item.uidGap === 'number' ? item.uidGap : 0,
    broughtIn: item.broughtIn === true,
  }
}

const noKeywords: readonly string[] = []

/** Special uses as a folder's item has them, by older versions one or null. */
export const usesText = (uses: readonly string[]): string | null =>
  uses.length === 0 ? null : uses.join(' ')

const usesOf = (stored: string | null): readonly string[] =>
  stored === null ? noUses : stored.split(' ')

const noUses: readonly string[] = []

/** A message as stored. */
export type MessageRecord = {
  readonly uid: Uid
  readonly blobId: BlobId
  readonly size: number
  readonly internalDateMs: number
  readonly saveDateMs: number
  readonly flags: FlagSet
  readonly modSeq: ModSeq
  readonly prepend: string
  /** The last line has no CRLF. Not known of messages that older versions stored. */
  readonly unended: boolean
}

export function messageItem(folderId: FolderId, message: MessageRecord): Item {
  const item: { [name: string]: Item[string] } & { pk: string; sk: string } = {
    pk: folderPk(folderId),
    sk: messageSk(message.uid),
    b: message.blobId,
    s: message.size,
    d: message.internalDateMs,
    v: message.saveDateMs,
    f: message.flags.bits,
    m: message.modSeq,
  }
  if (message.flags.keywords.length > 0) item.k = message.flags.keywords
  if (message.prepend !== '') item.p = message.prepend
  if (message.unended) item.u = true
  return item
}

export function messageRecord(item: Item): MessageRecord {
  const keywords = item.k
  return {
    uid: Number(item.sk.slice(2)) as Uid,
    blobId: text(item, 'b') as BlobId,
    size: number(item, 's'),
    internalDateMs: number(item, 'd'),
    saveDateMs: number(item, 'v'),
    flags: {
      bits: number(item, 'f'),
      keywords: Array.isArray(keywords) ? keywords.map(String) : [],
    },
    modSeq: number(item, 'm') as ModSeq,
    prepend: optionalText(item, 'p') ?? '',
    unended: item.u === true,
  }
}

export function messageFromRecord(record: MessageRecord): Message {
  return { ...record, flags: flagList(record.flags) }
}

/** What is kept once per stored message, however many folders hold it. */
export type Blob = {
  readonly id: BlobId
  readonly object: { readonly key: string; readonly offset: number; readonly length: number }
  /** Header fields before the object (Return-Path, Received), byte string. */
  readonly prepend: string
  /** Encoded MessageIndex of the object's bytes (shared/mail/index-codec.ts). */
  readonly index: Uint8Array
  /** Bytes of the object's header, the empty line included. */
  readonly headerBytes: number
}

export function blobFields(blob: Blob) {
  return {
    key: blob.object.key,
    offset: blob.object.offset,
    length: blob.object.length,
    prepend: blob.prepend,
    index: blob.index,
    header: blob.headerBytes,
  } as const
}

export function blobRecord(item: Item): Blob {
  const index = item.index
  if (!(index instanceof Uint8Array)) throw new Error(`blob ${item.pk} has no index`)
  return {
    id: item.pk.slice(2) as BlobId,
    object: {
      key: text(item, 'key'),
      offset: number(item, 'offset'),
      length: number(item, 'length'),
    },
    prepend: text(item, 'prepend'),
    index,
    headerBytes: number(item, 'header'),
  }
}

export function number(item: Item, name: string): number {
  const value = item[name]
  if (typeof value !== 'number') throw new Error(`${item.pk} ${item.sk}: ${name} is no number`)
  return value
}

export function text(item: Item, name: string): string {
  const value = item[name]
  if (typeof value !== 'string') throw new Error(`${item.pk} ${item.sk}: ${name} is no text`)
  return value
}

function optionalText(item: Item, name: string): string | null {
  const value = item[name]
  return typeof value === 'string' ? value : null
}
