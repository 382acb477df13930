// The port of the mailbox core: all that listeners, delivery, policy and administration may ask of stored mail, and nothing of how
// it is stored. It knows no protocol. A mailbox is all that belongs to one account; a folder is one of its folders. The groups
// below go from the outside in: account, folders, messages of a folder, one folder held open. `createMailbox` (mailbox.ts) makes it
// on any store.
//
// What holds for all of it: refusals are return values, unions by `kind`. A rejection is a TemporaryFailure of the world (Contended
// and Conflict among them: too many wrote at once; nothing of that transaction was changed, those before it stand), or a bug. What resolves is durable. What is written
// is seen by every read that begins afterwards.

import type {
  AccountId,
  BlobId,
  Folder,
  FolderId,
  FolderRef,
  Message,
  ModSeq,
  Uid,
} from '#shared/contracts/mailbox.ts'
import type { MessageIndex } from '#shared/mail/message-index.ts'
import type { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { FlagChange, FlagScope, FlagSet } from './flags.ts'
import type { FolderTree } from './folder-path.ts'
import type { MessageColumns, UidList } from './message-columns.ts'
import type { Limits, Room, Used } from './quota.ts'
import type { Blob, FolderRecord, MessageRecord } from './records.ts'
import type { AccessList, Identifier, Rights } from './rights.ts'

export interface Mailbox extends AccountMail, FolderMessages, MailboxReader, Blobs {
  /** As `MailboxReader.inbox`, with all that is stored of it. */
  inbox(accountId: AccountId): Promise<FolderRecord>
  readonly folders: Folders
  readonly foreignFolders: ForeignFolders
  readonly access: Access
  readonly subscriptions: Subscriptions
  readonly annotations: Annotations
  readonly recent: Recent
  readonly foreign: Foreign
}

// ------------------------------------------------------------------------------------------ account

/** An account's mail as a whole. */
export interface AccountMail {
  /**
   * What a quota is compared with; removed folders count until they are empty. Writes nothing: policy may not. So of an account that an
   * older version made all folders are read until somebody has counted them.
   */
  usage(accountId: AccountId): Promise<Used>
  /** What may still come in; negative where a limit was lowered below what is stored, infinite without a limit. */
  room(accountId: AccountId, limits: Limits): Promise<Room>
  /**
   * Takes the bytes of a message that a client brings (APPEND, REPLACE), with bounded memory. They are no message before they are
   * appended. A source that throws leaves nothing behind, and its error is passed on.
   */
  receive(source: AsyncIterable<Uint8Array>): Promise<ReceivedMessage>
  /**
   * What was received and has become no message, of a client that brought it into this account: it counts for the day's limit
   * (`Limits.appendBytesPerDay`), beyond it too, and its objects are left to the collector.
   */
  abandon(accountId: AccountId, received: readonly ReceivedMessage[]): Promise<void>
  /** Removes all mail and all folders; returns how many messages went. The account can go on. Safe to repeat after a crash. */
  empty(accountId: AccountId): Promise<number>
  /** Of an account that is gone: its mail, and the rights that others gave it. Returns how many messages went; safe to repeat. */
  remove(accountId: AccountId): Promise<number>
  /**
   * Tells when folders (their names, counts and rights), subscriptions or annotations of the account may have changed, by anybody in
   * any process. A hint: it may be lost or come for nothing, so that who must know looks from time to time too.
   */
  watchAccount(accountId: AccountId, onChange: (change: AccountChange) => void): Promise<Watch>
}

export type AccountChange = 'folders' | 'subscriptions' | 'metadata'

/** Nothing is told any more once `close` was called. */
export interface Watch {
  close(): Promise<void>
}

/** Bytes of a message, received and not yet appended. */
export type ReceivedMessage = {
  readonly blob: Blob
  /** The object is there already, and stays until it is collected whatever becomes of the message. */
  readonly stored: boolean
  /** Of the index, which decoded may be some hundred times what came and must not be kept. */
  readonly index: Pick<MessageIndex, 'bytes' | 'containsNul'>
  /** The last line has its CRLF. */
  readonly endsLine: boolean
  /** Makes the object durable, no later than table writes that are issued after the call. */
  commit(): Promise<void>
  /** Forgets the bytes. Never rejects: what is left is found by the collector. */
  discard(): Promise<void>
}

/** The folders of an account: a tree of names. Paths are compared in one normal form, INBOX in any case (RFC 9051 §5.1). */
export interface Folders {
  /** Every folder, page by page; the default folders are made when there are none. Who names one folder takes `find`. */
  list(accountId: AccountId): Promise<readonly FolderRecord[]>
  /** The same as a tree. */
  tree(accountId: AccountId): Promise<FolderTree>
  /** Those that were removed and still hold messages too: they count for the quota. */
  all(accountId: AccountId): Promise<readonly FolderRecord[]>
  /** Undefined when there is none, or it was removed. */
  get(accountId: AccountId, folderId: FolderId): Promise<FolderRecord | undefined>
  /** The folder of a path: one read a name, however many folders there are. The default folders are made when there are none. */
  find(accountId: AccountId, path: string): Promise<FolderRecord | undefined>
  /** The last folder along the path that exists, with the number of its names; undefined where there is none, or the path is none. */
  nearest(
    accountId: AccountId,
    path: string,
  ): Promise<{ readonly folder: FolderRecord; readonly depth: number } | undefined>
  /** The folder of a path whose names may each be spelled in several ways; of those at one place the first that has a folder. */
  findSpelled(
    accountId: AccountId,
    path: string,
    spellings: (name: string) => readonly string[],
  ): Promise<FolderRecord | undefined>
  /** The folder with this special use (RFC 6154 §2), with backslash; the default folders are made when there are none. */
  findUse(accountId: AccountId, use: string): Promise<FolderRecord | undefined>
  /**
   * Makes the folder of this path and every folder above it that is missing; a name that is there without being selectable becomes
   * selectable again. UIDVALIDITY is above that of any folder the account ever had (RFC 9051 §2.3.1.1). `uses` are special uses
   * (RFC 6154 §3), with backslash. It inherits the rights in the folder above (RFC 4314 §4).
   */
  create(accountId: AccountId, path: string, uses?: readonly string[]): Promise<CreateFolder>
  /**
   * What is below comes along; folders above the new path are made where they are missing. INBOX stays and hands over its messages
   * (RFC 9051 §6.3.6): of them, when this rejects, some may have been moved.
   */
  rename(folder: FolderRef, path: string): Promise<RenameFolder>
  /** Hides the folder at once, then removes its messages; what fails of that the collector finishes (RFC 9051 §6.3.5). */
  remove(folder: FolderRef): Promise<RemoveFolder>
  /** Finishes removals that a crash cut short; returns how many there were. */
  finishRemovals(accountId: AccountId): Promise<number>
}

export type CreateFolder =
  | { readonly kind: 'created'; readonly folder: FolderRecord }
  | { readonly kind: 'exists' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }
  /** Another folder has one of these special uses. */
  | { readonly kind: 'use-taken' }
  /** The name was removed a moment ago, and what is left of it could not be removed now. */
  | { readonly kind: 'not-yet-empty' }

export type RenameFolder =
  | { readonly kind: 'renamed' }
  | { readonly kind: 'no-such-folder' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }
  /** A folder cannot come below itself. */
  | { readonly kind: 'inside-itself' }
  /** What is below it would be too deep, or its path too long. */
  | { readonly kind: 'too-deep' }

export type RemoveFolder =
  | { readonly kind: 'removed' }
  /** It has folders below it: its name stays, without messages (RFC 9051 §6.3.5). */
  | { readonly kind: 'name-stays' }
  | { readonly kind: 'no-such-folder' }
  | { readonly kind: 'is-inbox' }
  /** A name that was removed already and still has folders below it. */
  | { readonly kind: 'has-children' }

/** Folders of other accounts as one account sees them: those in which it holds a right, and nothing else of their owners. */
export interface ForeignFolders {
  /** All of them, by their index: no folder of an owner is read that is not above one of these. */
  list(accountId: AccountId): Promise<readonly ForeignFolder[]>
  /** The folder of a path of the owner; undefined where there is none, and where the account holds no right in it. */
  find(accountId: AccountId, owner: AccountId, path: string): Promise<ForeignFolder | undefined>
  /**
   * The nearest folder above a path of the owner that is there, whether its name is among what the account may see or not; undefined
   * where the account holds no right in it.
   */
  above(accountId: AccountId, owner: AccountId, path: string): Promise<ForeignFolder | undefined>
}

export type ForeignFolder = {
  readonly folder: FolderRecord
  /** In its owner's tree. */
  readonly path: string
  /** At least one. */
  readonly rights: Rights
}

/** Rights of others in folders (RFC 4314). An owner has all rights, always, and stands in no list. */
export interface Access {
  /** The entries of a folder; those of the owner are not among them. */
  list(folder: FolderRef): Promise<AccessList>
  /** What an account may do with a folder as it was read. */
  rights(folder: FolderRecord, accountId: AccountId): Promise<Rights>
  /** The same of many folders of others, in their order. */
  rightsIn(folders: readonly FolderRef[], accountId: AccountId): Promise<readonly Rights[]>
  /** Gives an identifier other rights; with none its entry goes. Sessions in the folder look again at once. */
  change(
    folder: FolderRef,
    identifier: Identifier,
    next: (before: Rights) => Rights,
  ): Promise<SetRights>
}

export type SetRights =
  | { readonly kind: 'set'; readonly rights: Rights }
  | { readonly kind: 'no-such-folder' }
  /** An owner has all rights, always. */
  | { readonly kind: 'is-owner' }
  /** Entries of the folder, or folders opened to the grantee. */
  | { readonly kind: 'too-many' }

/** Names, not folders: they outlive the folder and are there for names that never had one (RFC 9051 §6.3.7). */
export interface Subscriptions {
  /** Paths in byte order. */
  list(accountId: AccountId): Promise<readonly string[]>
  subscribe(accountId: AccountId, path: string): Promise<Subscribe>
  /** What is not subscribed stays so. */
  unsubscribe(accountId: AccountId, path: string): Promise<void>
}

export type Subscribe =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-many' }

/** Annotations of folders and of the account as a whole (RFC 5464): small values under names like `/private/comment`. */
export interface Annotations {
  /** By name, in byte order. */
  get(of: Annotated): Promise<readonly Annotation[]>
  /**
   * All of the entries or none; a null value removes an entry. Names are kept in lower case (RFC 5464 §3.1). With `uses` the folder is
   * given these special uses in the same step, with `eventScript` the script for what happens in it (`FolderRecord.eventScript`).
   */
  set(
    of: Annotated,
    entries: readonly { readonly entry: string; readonly value: Uint8Array | null }[],
    uses?: readonly string[],
    eventScript?: string | null,
  ): Promise<SetAnnotations>
}

/** `id` null: the account as a whole. */
export type Annotated = { readonly accountId: AccountId; readonly id: FolderId | null }

export type Annotation = { readonly entry: string; readonly value: Uint8Array }

export type SetAnnotations =
  | { readonly kind: 'set' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-many' }
  /** All entries of the account together. */
  | { readonly kind: 'too-much' }
  /** Whose special uses were to be set. */
  | { readonly kind: 'no-such-folder' }

// ------------------------------------------------------------------------------------------- folder

export type Snapshot = {
  readonly modSeq: ModSeq
  readonly messages: readonly Message[]
  /** What POP3 calls messages that came from another system (RFC 1939 §7), as far as they had names of their own there. */
  readonly popIds: ReadonlyMap<Uid, string>
  /** Those that POP3 lists otherwise than by uid, as it did there: before all others, by these numbers. */
  readonly popOrders: ReadonlyMap<Uid, number>
}

/** What POP3 asks: a folder read once as a whole, and messages read and removed. */
export interface MailboxReader {
  /** The account's INBOX; the default folders are made at the first use of an account. */
  inbox(accountId: AccountId): Promise<Folder>
  /** Every message of the folder by ascending uid: a state that really existed (reader rule), never half a transaction. */
  snapshot(folder: FolderRef): Promise<Snapshot>
  /**
   * Removes these messages if they still exist; returns the uids that did. Each chunk is atomic; when one fails those before it are
   * gone. With `deletedOnly` a message that lost its \Deleted flag in the meantime stays (RFC 9051 §6.4.3).
   */
  expunge(
    folder: FolderRef,
    uids: readonly Uid[],
    options?: { readonly deletedOnly?: boolean },
  ): Promise<readonly Uid[]>
}

/** Messages of folders that nobody needs to hold open. */
export interface FolderMessages {
  /** The folder as a session sees it; undefined when there is no such folder or it cannot be selected. */
  openFolder(folder: FolderRef): Promise<OpenFolder | undefined>
  /** Tells when messages of the folder, or rights in it, may have changed, by anybody in any process: a hint, as `watchAccount`. */
  watchFolder(folder: FolderRef, onChange: () => void): Promise<Watch>
  /** Those of the messages that exist, as they are now, in the order asked for. */
  readMessages(folder: FolderRef, uids: readonly Uid[]): Promise<readonly MessageRecord[]>
  /**
   * Puts a message at the end. What is appended to one folder at the same time shares a transaction. Without limits it only counts for
   * the account. Exactly once with `once`, whatever is repeated (docs/ARCHITECTURE.md, invariant 2).
   */
  append(folder: FolderRef, message: NewMessage, limits?: Limits): Promise<Appended>
  /** All of the messages or, with TemporaryFailure, none (RFC 3502). `once` does not apply. */
  appendTogether(
    folder: FolderRef,
    messages: readonly NewMessage[],
    limits?: Limits,
  ): Promise<AppendedTogether>
  /** Appends a message and removes another in one step (RFC 8508). */
  replace(
    source: FolderRef,
    uid: Uid,
    target: FolderRef,
    message: NewMessage,
    limits?: Limits,
  ): Promise<Replaced>
  /**
   * Copies the messages that still exist. Either all of them, or TemporaryFailure and none (RFC 9051 §6.4.7): chunks already
   * copied are taken back; only a crash, a lost answer or a second failure can leave some. Over the limits none is copied either.
   */
  copy(source: FolderRef, uids: readonly Uid[], target: FolderRef, terms?: Terms): Promise<Copied>
  /**
   * Moves the messages that still exist; each is at every moment in exactly one of the folders. Limits are asked where they come
   * to another account.
   */
  move(source: FolderRef, uids: readonly Uid[], target: FolderRef, terms?: Terms): Promise<Moved>
  /** Each chunk is atomic. `unchangedSince`: messages that changed after it are left as they are (RFC 7162 §3.1.3). */
  storeFlags(
    folder: FolderRef,
    uids: readonly Uid[],
    change: FlagChange,
    options?: StoreFlagsOptions,
  ): Promise<Stored>
}

export type NewMessage = {
  readonly blob: Blob
  readonly flags: FlagSet
  readonly internalDateMs: number
  /** Header fields for this recipient alone, byte string. */
  readonly prepend: string
  /** The last line has no CRLF, as clients may append them. */
  readonly unended?: boolean
  /** True for queued mail: the same blob is put into the same folder once, however often it is asked for. */
  readonly once: boolean
  /** With `once`, of bytes that each attempt stores anew: by what they are the same, in place of their blob; `onceId` makes it. */
  readonly onceAs?: BlobId
  /** With `once`: whom it is for, and whether a reference was reserved for that recipient (reservations.ts). */
  readonly recipient?: string
  readonly reserved?: boolean
}

export type Refused =
  /** The quota of bytes or messages. */
  | { readonly kind: 'over-quota'; readonly used: Used }
  /** `Limits.appendBytesPerDay` */
  | { readonly kind: 'over-append-limit' }

export type Appended =
  | {
      readonly kind: 'appended'
      readonly uid: Uid
      readonly modSeq: ModSeq
      readonly uidValidity: number
    }
  /** `once`, and the folder had it already; `recipient`: whom it was delivered for, where a marker says so. */
  | { readonly kind: 'duplicate'; readonly recipient?: string }
  | { readonly kind: 'no-such-folder' }
  | Refused

export type AppendedTogether =
  | {
      readonly kind: 'appended'
      readonly uids: readonly Uid[]
      readonly modSeq: ModSeq
      readonly uidValidity: number
    }
  /** More than one transaction takes (APPEND_TOGETHER_MAX). */
  | { readonly kind: 'too-many' }
  | { readonly kind: 'no-such-folder' }
  | Refused

export type Replaced =
  | {
      readonly kind: 'replaced'
      readonly uid: Uid
      readonly modSeq: ModSeq
      readonly uidValidity: number
    }
  | { readonly kind: 'no-such-message' }
  | NoSuchSourceOrTarget
  | Refused

/** What the folder that messages come to asks of them. */
export type Terms = {
  readonly limits?: Limits
  /** Flags that come along; the others are left out. */
  readonly scope?: FlagScope
}

/** What COPYUID says (RFC 9051 §7.1): `from[i]` of the source is `to[i]` of the target; both ascend. */
export type Transferred = {
  readonly uidValidity: number
  readonly from: readonly Uid[]
  readonly to: readonly Uid[]
}

export type NoSuchSourceOrTarget =
  | { readonly kind: 'no-such-source' }
  | { readonly kind: 'no-such-target' }

export type Copied = ({ readonly kind: 'copied' } & Transferred) | NoSuchSourceOrTarget | Refused

export type Moved =
  | ({ readonly kind: 'moved' } & Transferred)
  /** The world failed on the way: these were moved, the rest is where it was (RFC 6851 §3.3 allows it). */
  | ({ readonly kind: 'interrupted'; readonly cause: TemporaryFailure } & Transferred)
  | NoSuchSourceOrTarget
  | Refused

export type StoreFlagsOptions = {
  readonly unchangedSince?: number
  /** Told of each message whose flags are others now, with those of before. */
  readonly onChanged?: (before: MessageRecord, now: MessageRecord) => void
}

export type Stored =
  | {
      readonly kind: 'stored'
      /** The messages as they are now, by ascending uid, changed or not; missing ones are left out. */
      readonly messages: readonly MessageRecord[]
      /** Not touched, because they changed after `unchangedSince` (RFC 7162 §3.1.3, MODIFIED). */
      readonly modified: readonly Uid[]
    }
  /** The folder or one of the messages would have more keywords than are kept; nothing more was changed. */
  | { readonly kind: 'too-many-keywords' }
  | { readonly kind: 'no-such-folder' }

/** What is the same for every copy of a message: its object, its index, header fields the service added. */
export interface Blobs {
  blob(id: BlobId): Promise<Blob | undefined>
  /** In the order of the ids, undefined where there is none. Callers ask for as many as they can hold. */
  blobs(ids: readonly BlobId[]): Promise<readonly (Blob | undefined)[]>
}

/** Which messages are \Recent (RFC 3501 §2.3.2): those that no session of IMAP4rev1 was told of before. */
export interface Recent {
  /** For a session that selects the folder. `takes`: others will not be told of them. EXAMINE takes none (RFC 3501 §6.3.2). */
  follow(
    folder: FolderRecord,
    uidNext: Uid,
    options: { readonly takes: boolean },
  ): Promise<RecentMessages>
  /** For STATUS: reads those messages, of which there are mostly none or all. */
  count(folder: FolderRecord): Promise<number>
}

/** What is recent to one session in its selected folder. */
export interface RecentMessages {
  isRecent(uid: Uid): boolean
  countIn(uids: UidList): number
  /** All messages below this uid have been told of. */
  came(uidNext: Uid): void
  close(): Promise<void>
}

/** What imports bring from another system: messages as they were there, each once (bring-in.ts). */
export interface Foreign {
  /**
   * Gives a folder that never held anything the UIDVALIDITY that it had elsewhere; from then on messages can keep their uids. Sessions
   * in it must leave. `highestModSeq`: what clients may have heard there (RFC 7162 §3.1). The same once more changes nothing.
   */
  adopt(
    folder: FolderRef,
    there: { readonly uidValidity: number; readonly highestModSeq?: number | undefined },
  ): Promise<{ readonly kind: 'adopted' | 'in-use' | 'no-such-folder' }>
  /**
   * Brings BRING_IN_MAX messages at most, all or none, at the end and in their order. A uid that is not to be given any more is passed
   * over for the next one of ours. Counts for the account and asks for no limits.
   */
  bringIn(folder: FolderRef, origin: Origin, messages: readonly Brought[]): Promise<BroughtIn>
  /** Uids that were given elsewhere to messages that are gone are not given again. */
  raiseUidNext(folder: FolderRef, uidNext: number): Promise<void>
  /** What was brought from a source, batch by batch. */
  origins(folder: FolderRef, source: string): AsyncIterable<BroughtBatch>
  /** Notes how the messages of a batch are at the source now; one whose key is '' is gone there, and would be new if it came back. */
  noteBatch(
    folder: FolderRef,
    origin: Origin,
    now: Pick<BroughtBatch, 'keys' | 'flags'>,
  ): Promise<void>
  /** What was noted last of how a source is, so that one that is still the same need not be read. */
  sourceState(folder: FolderRef, source: string): Promise<string | undefined>
  noteSourceState(folder: FolderRef, source: string, state: string): Promise<void>
}

/** `keys[i]` became `uids[i]`, which may be gone since, and had `flags[i]` when the source was last looked at. */
export type BroughtBatch = {
  readonly batch: number
  readonly keys: readonly string[]
  readonly uids: readonly Uid[]
  readonly flags: readonly FlagSet[]
}

/** `source`: of letters and digits. `batch`: the next after those that `origins` yields; whoever brings does so alone. */
export type Origin = { readonly source: string; readonly batch: number }

export type Brought = {
  /** Names the message in its folder at the source, for good. */
  readonly key: string
  readonly blob: Blob
  readonly flags: FlagSet
  readonly internalDateMs: number
  /** Undefined: now. */
  readonly saveDateMs: number | undefined
  /** That it had, in a folder whose UIDVALIDITY was adopted. */
  readonly uid: number | undefined
  readonly unended: boolean
  readonly popId: string | undefined
  /** From 1: POP3 listed it there by this number, before those without one. */
  readonly popOrder?: number | undefined
}

export type BroughtIn =
  | { readonly kind: 'brought'; readonly uids: readonly Uid[] }
  /** Another import of the same source is at work. */
  | { readonly kind: 'others-bring-in' }
  | { readonly kind: 'no-such-folder' }

// -------------------------------------------------------------------------------------- open folder

/**
 * A folder as one session sees it: `folder`, `modSeq` and `uids` stand still until `advance`. `messages` is what the process
 * knows, which may be newer: look rows up again after every await.
 */
export interface OpenFolder {
  readonly folder: FolderRecord
  readonly modSeq: ModSeq
  /** By ascending uid; never changes, so a session can keep it as its map of sequence numbers. */
  readonly uids: UidList
  readonly messages: MessageColumns
  /** Everything committed before the call; what a session is told leads from each state to the next without a gap. */
  advance(): Promise<FolderAdvance>
  /** What a client that was here at this modseq does not know yet of the session's state of the folder (RFC 7162 §3.2.10). */
  missedSince(modSeq: number): Promise<Missed>
  close(): void
}

export type FolderAdvance =
  | { readonly kind: 'unchanged' }
  /** To be applied in this order: expunged, changed, appeared. */
  | ({ readonly kind: 'advanced' } & Difference)
  /** Removed, or made again under its name (another UIDVALIDITY): the session must leave it. */
  | { readonly kind: 'gone' }

/** What leads from one state of a folder to a later one. All lists ascend. */
export type Difference = {
  readonly expunged: readonly Uid[]
  /** Flags changed; also what was there before and is there after. */
  readonly changed: readonly Uid[]
  readonly appeared: readonly Uid[]
}

/** Ascending and disjoint, both ends inclusive. */
export type UidRange = readonly [from: Uid, to: Uid]

export type Missed = {
  /** Messages that came or changed after the modseq, by ascending uid. */
  readonly changed: readonly Uid[]
  /** Uids that are gone. With `exact` those expunged after the modseq, else all that are not there (RFC 7162 allows it). */
  readonly vanished: readonly UidRange[]
  readonly exact: boolean
}
