// What listeners that show mail (POP3 now, IMAP next) ask of the mailbox core (shared/mailbox).

export type AccountId = string & { readonly __brand: 'AccountId' }
export type FolderId = string & { readonly __brand: 'FolderId' }
export type BlobId = string & { readonly __brand: 'BlobId' }
/** 1 to 2^32-1, ascending in a folder, never reused (RFC 9051 §2.3.1.1). */
export type Uid = number & { readonly __brand: 'Uid' }
/** 1 to 2^53, one more with every change of a folder (RFC 7162 §3.1). */
export type ModSeq = number & { readonly __brand: 'ModSeq' }

/** Names a folder: its items live under its account. A `Folder` is one too. */
export type FolderRef = { readonly accountId: AccountId; readonly id: FolderId }

export type Folder = {
  readonly accountId: AccountId
  readonly id: FolderId
  /** RFC 8474 §4: kept by a rename, new when a deleted name is made again. */
  readonly mailboxId: string
  /** False: only a name that has folders below it (\Noselect, RFC 9051 §7.3.1). */
  readonly selectable: boolean
  /** Null at the top of the tree. */
  readonly parentId: FolderId | null
  /** Last part of the path. */
  readonly name: string
  readonly uidValidity: number
  readonly uidNext: Uid
  readonly modSeq: ModSeq
  readonly exists: number
  readonly unseen: number
  readonly deleted: number
  readonly bytes: number
  /** With backslash (RFC 6154). */
  readonly specialUses: readonly string[]
  /** Folders directly below this one. */
  readonly children: number
  /** Every keyword that a message here has or had, in the spelling the folder met first. */
  readonly keywords: readonly string[]
}

export type Message = {
  readonly uid: Uid
  readonly blobId: BlobId
  /** Bytes as read back: prepended header fields and the object. */
  readonly size: number
  readonly internalDateMs: number
  readonly flags: readonly Flag[]
  readonly modSeq: ModSeq
  readonly saveDateMs: number
  /** Header fields for this recipient alone (Delivered-To), each ended by CRLF, byte string; before the blob's own. */
  readonly prepend: string
  /** The last line has no CRLF. */
  readonly unended: boolean
}

/** System flags begin with `\` and are spelled as in RFC 9051 §2.3.2; keywords as the client sent them. */
export type Flag = string

/** A message ready to be read. Offsets count from the first prepended header field. */
export interface OpenMessage {
  readonly size: number
  /** Bytes of the header, prepended fields and the ending empty line included. */
  readonly headerBytes: number
  /** All of it, or a range, with bounded memory. A chunk stays as it is after it was handed out. */
  stream(offset?: number, length?: number): AsyncIterable<Uint8Array>
}

export interface MailboxReader {
  /** The account's INBOX; the default folders are made at the first use of an account. */
  inbox(accountId: AccountId): Promise<Folder>
  /** Every message of the folder by ascending uid: a state that really existed (reader rule), never half a transaction. */
  snapshot(
    folder: FolderRef,
  ): Promise<{ readonly modSeq: ModSeq; readonly messages: readonly Message[] }>
  /** Undefined when the message's object is gone, which is a bug or an operator's doing. */
  open(message: Message): Promise<OpenMessage | undefined>
  /** Removes these messages if they still exist; returns the uids that did. All chunks are tried; each chunk is atomic. */
  expunge(folder: FolderRef, uids: readonly Uid[]): Promise<readonly Uid[]>
}
