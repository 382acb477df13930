// What became of a mailbox that was brought here, folder by folder: kept while it is copied, and told as JSON and as text.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { KEYWORDS_PER_FOLDER_MAX } from '#shared/mailbox/flags.ts'
import type { Brought } from '#shared/mailbox/port.ts'
import type { GivenRight } from './folder-extras.ts'
import type { KeptItems } from './kept-items.ts'
import type { SourceMessage, SourceNote } from './source.ts'

/** Notes kept for one folder; all are counted. */
export const NOTES_MAX = 100

/** As JSON. `uids`: whether messages have the uids that they had; 'none': they had none that clients could know. */
export type FolderFigures = {
  readonly names: readonly string[]
  readonly path: string
  readonly uids: 'kept' | 'new' | 'none'
  /** At the source. */
  readonly found: number
  readonly unseen: number
  readonly oldestMs: number | null
  readonly newestMs: number | null
  readonly brought: number
  readonly broughtBytes: number
  /** That an import before had brought. */
  readonly already: number
  readonly flagsChanged: number
  readonly removed: number
  /** Gone at the source and kept here: changed here, too many at once, or asked to be kept. */
  readonly keptGone: number
  /** Did not come because they cannot be read; the notes say why. */
  readonly unread: number
  /** Why the folder did not come as a whole, whatever its messages are; null: it did. */
  readonly failure: string | null
  /** Uids were to be kept, and these messages came when mail of our own had taken theirs. */
  readonly otherUids: number
  /** By name: flags that are none here. */
  readonly droppedFlags: { readonly [flag: string]: number }
  readonly notes: readonly SourceNote[]
  readonly notesCount: number
}

export class FolderReport {
  readonly names: readonly string[]
  readonly path: string
  uids: FolderFigures['uids'] = 'none'
  brought = 0
  already = 0
  flagsChanged = 0
  removed = 0
  keptGone = 0
  unread = 0
  #failure: string | null = null
  #found = 0
  #unseen = 0
  #oldestMs = Number.POSITIVE_INFINITY
  #newestMs = Number.NEGATIVE_INFINITY
  #broughtBytes = 0
  #otherUids = 0
  readonly #dropped = new Map<string, number>()
  readonly #keywords: Set<string>
  /** Of keywords. */
  #isFull = false
  readonly #notes: SourceNote[] = []
  #notesCount = 0

  /** `keywords`: those that the folder has. */
  constructor(names: readonly string[], path: string, keywords: readonly string[] = []) {
    this.names = names
    this.path = path
    this.#keywords = new Set(keywords.map((keyword) => keyword.toLowerCase()))
  }

  found({ flags, internalDateMs }: SourceMessage): void {
    this.#found++
    if (!flags.some((flag) => flag.toLowerCase() === '\\seen')) this.#unseen++
    this.#oldestMs = Math.min(this.#oldestMs, internalDateMs)
    this.#newestMs = Math.max(this.#newestMs, internalDateMs)
  }

  /** Nothing was read: the source says that it is as it was. */
  sameAsBefore(count: number, hasUids: boolean): void {
    this.#found += count
    this.already += count
    if (hasUids) this.uids = 'kept'
  }

  broughtIn(messages: readonly Brought[], uids: readonly Uid[]) {
    let bytes = 0
    for (const [i, { blob, uid }] of messages.entries()) {
      bytes += blob.object.length
      if (this.uids === 'kept' && uid !== undefined && uid !== uids[i]) this.#otherUids++
    }
    this.brought += messages.length
    this.#broughtBytes += bytes
    return { messages: messages.length, bytes }
  }

  /** In a rehearsal. */
  wouldBring(messages: readonly SourceMessage[]) {
    const bytes = messages.reduce((sum, message) => sum + (message.bytes ?? 0), 0)
    this.brought += messages.length
    this.#broughtBytes += bytes
    return { messages: messages.length, bytes }
  }

  /** What the folder has no room for it leaves out. */
  fits(keywords: readonly string[]): void {
    for (const keyword of keywords) {
      const lower = keyword.toLowerCase()
      if (this.#keywords.has(lower)) continue
      if (this.#keywords.size < KEYWORDS_PER_FOLDER_MAX) {
        this.#keywords.add(lower)
        continue
      }
      if (!this.#isFull) this.note('', `has ${KEYWORDS_PER_FOLDER_MAX} keywords: more are left out`)
      this.#isFull = true
      this.droppedFlag(keyword)
    }
  }

  droppedFlag(flag: string): void {
    // Of hostile names as many as there may be of anything else.
    if (this.#dropped.size >= NOTES_MAX && !this.#dropped.has(flag)) return
    this.#dropped.set(flag, (this.#dropped.get(flag) ?? 0) + 1)
  }

  mended({ key }: SourceMessage, what: string): void {
    this.note(key, `came over with changes: ${what}`)
  }

  failed(reason: string): void {
    this.#failure = reason
    this.note('', reason)
  }

  note(about: string, reason: string): void {
    this.#notesCount++
    if (this.#notes.length < NOTES_MAX) this.#notes.push({ about, reason })
  }

  figures(): FolderFigures {
    return {
      names: this.names,
      path: this.path,
      uids: this.uids,
      found: this.#found,
      unseen: this.#unseen,
      oldestMs: Number.isFinite(this.#oldestMs) ? this.#oldestMs : null,
      newestMs: Number.isFinite(this.#newestMs) ? this.#newestMs : null,
      brought: this.brought,
      broughtBytes: this.#broughtBytes,
      already: this.already,
      flagsChanged: this.flagsChanged,
      removed: this.removed,
      keptGone: this.keptGone,
      unread: this.unread,
      failure: this.#failure,
      otherUids: this.#otherUids,
      droppedFlags: Object.fromEntries(this.#dropped),
      notes: this.#notes,
      notesCount: this.#notesCount,
    }
  }
}

export type MailboxReport = {
  readonly identity: string
  readonly account: string
  readonly dryRun: boolean
  readonly folders: readonly FolderFigures[]
  readonly subscribed: number
  readonly scripts: readonly { readonly name: string; readonly outcome: string }[]
  /** Annotations that came. */
  readonly annotations: number
  /** What others may do at the source, and what became of it here. */
  readonly rights: readonly GivenRight[]
  readonly notes: readonly SourceNote[]
  /** What is no mail, where it was asked for. */
  readonly kept?: (KeptItems & { readonly directory: string }) | undefined
}
