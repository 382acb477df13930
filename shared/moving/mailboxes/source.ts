// A mailbox of another system, as importers read it: folders, what is in them, and the bytes of messages. Whoever reads a kind of mailbox
// (a Maildir, an mbox, an IMAP server, an archive) writes one of these; `copy-mailbox.ts` does the rest. Nothing at the source is changed.
//
// Failures: TemporaryFailure where trying again may help (SourceAway: at the source), SourceFailure where it does not. What cannot be read of a
// single message or folder is a note, and the rest goes on.

import { TemporaryFailure } from '#shared/runtime/errors.ts'

export interface MailSource {
  /**
   * Names this mailbox for good: by it a later import knows what was brought before. Host and login of a server, the real path of a
   * folder; never anything that differs from run to run.
   */
  readonly identity: string
  /** Every folder, in any order; INBOX is called `INBOX`. */
  folders(): Promise<readonly SourceFolder[]>
  open(folder: SourceFolder): Promise<OpenSource>
  /** Paths of subscribed folders, as names; undefined: nobody knows, and all are. */
  subscriptions(): Promise<readonly (readonly string[])[] | undefined>
  /** Sieve scripts of the account. */
  scripts(): Promise<readonly SourceScript[]>
  /** What was found in the folders that were read and is no mail; undefined where all is. */
  items?(): AsyncIterable<SourceItem>
  /** Of a folder, or of the mailbox as a whole; absent: there are none. */
  annotations?(folder: SourceFolder | undefined): Promise<readonly SourceAnnotation[]>
  /** What others may do in a folder; absent: there are none. */
  rights?(folder: SourceFolder): Promise<readonly SourceRight[]>
  /** What was found and does not come over, as far as it is known by now. */
  notes(): readonly SourceNote[]
  close(): Promise<void>
}

/** No name contains a NUL or is empty; all else may be in it, the delimiters of anybody included. */
export type SourceFolder = {
  readonly names: readonly string[]
  /** Special uses (RFC 6154) as the source says them, with backslash; none where it does not say. */
  readonly uses: readonly string[]
  /** False: a name without messages. */
  readonly selectable: boolean
  /** Somebody else's, which one may read: it comes only where it is asked for by its name. */
  readonly isForeign?: boolean | undefined
}

/** Read once: `messages`, then `read` any number of times. */
export interface OpenSource {
  /** Undefined: messages have no uids there that a client could have kept. */
  readonly numbers: SourceNumbers | undefined
  /** While it is the same, nothing has changed in the folder; undefined: the source has nothing of the kind. */
  readonly state?: string | undefined
  /** What it says to hold, undefined where only reading tells. */
  readonly count: number | undefined
  /** Every message, those with uids ascending by them, those without behind. */
  messages(): AsyncIterable<SourceMessage>
  /**
   * Their bytes as stored there, in the order asked for. What cannot be read (a note tells) is left out; the bytes of what went since it was
   * listed throw MessageGone.
   */
  read(messages: readonly SourceMessage[]): AsyncIterable<SourceBytes>
  close(): Promise<void>
}

export type SourceNumbers = {
  readonly uidValidity: number
  /** 1 above the highest uid ever given. */
  readonly uidNext: number | undefined
  /** RFC 7162 */
  readonly highestModSeq: number | undefined
}

export type SourceMessage = {
  /** Names it in its folder for good, 1 to SOURCE_KEY_BYTES_MAX bytes: a uid with its UIDVALIDITY, the base name of a file. */
  readonly key: string
  /** Its key as long as the source had given it no uid, where it may have been brought under that; asked for once, in the order of messages. */
  readonly formerKey?: (() => Promise<string>) | undefined
  readonly uid: number | undefined
  /** As the source spells them; what is no flag here is left out and told. */
  readonly flags: readonly string[]
  /** As it is kept there, about: for plans and progress. */
  readonly bytes: number | undefined
  readonly internalDateMs: number
  readonly saveDateMs: number | undefined
  /** What POP3 called it, where that is known and not to be worked out from its uid here. */
  readonly popId: string | undefined
  /** From 1: POP3 lists it by this number, before all that have none and are listed by uid. */
  readonly popOrder?: number | undefined
  /** Two messages of a source that have the same, in whatever folders, have the same bytes; undefined: nobody knows. */
  readonly content?: string | undefined
}

export type SourceBytes = {
  readonly message: SourceMessage
  /** To be read to its end before the next one is asked for. Line ends may be LF alone (`lineEnds` of the copy mends them). */
  readonly bytes: AsyncIterable<Uint8Array>
}

export type SourceScript = {
  readonly name: string
  readonly source: Uint8Array
  readonly active: boolean
}

/** Of a calendar, a contact, or neither: one at a time is held. `name`: of a file, as the source calls it. */
export type SourceItem = {
  readonly kind: 'calendar' | 'contact' | 'other'
  readonly folder: readonly string[]
  readonly name: string
  readonly bytes: readonly Uint8Array[]
}

/** RFC 5464. Only what people set. */
export type SourceAnnotation = { readonly entry: string; readonly value: Uint8Array }

/** RFC 4314. */
export type SourceRight = {
  /** As the source calls him; with a dash: rights that are taken away. */
  readonly who: string
  readonly of: 'account' | 'group' | 'everyone'
  /** Letters that there are here. */
  readonly rights: string
}

/** `about`: a folder, a file, a message in them; `reason`: for people, in English. */
export type SourceNote = {
  readonly about: string
  readonly reason: string
  /** It may be a message, cannot be read, and is counted nowhere else. */
  readonly isLost?: boolean | undefined
}

/** Somebody removed it there while its folder was read: nothing of it was missed. */
export class MessageGone extends Error {
  override readonly name = 'MessageGone'
}

/** Of a message that is gone. */
// biome-ignore lint/correctness/useYield: it has none.
export async function* goneBytes(): AsyncGenerator<Uint8Array> {
  throw new MessageGone('it is gone')
}

export const SOURCE_KEY_BYTES_MAX = 1_000

/** It cannot be read now: the source, and not what is here. The message is for people. */
export class SourceAway extends TemporaryFailure {
  override readonly name = 'SourceAway'
}

/** It cannot be read, today or tomorrow. The message is for people. */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure'
}
