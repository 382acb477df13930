// One transaction's changes to one folder: collects messages that come, change and go, and works out what follows for the
// counters, the digest, the keywords and the change log.

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import type { Write } from '#shared/storage/ports.ts'
import { logItem } from './change-log.ts'
import { addDigest, messageDigest, subtractDigest } from './digest.ts'
import { DELETED, type FlagSet, fitKeywords, SEEN } from './flags.ts'
import { folderKey, messageKey } from './keys.ts'
import { type FolderRecord, type MessageRecord, messageItem } from './records.ts'
import { countFolder, type Growth } from './usage.ts'

/** Writes for the folder and its log besides those for messages; one more where messages come and go at once. */
export const FOLDER_WRITES = 2

export class FolderEdit {
  readonly #before: FolderRecord
  readonly #nowMs: number
  readonly #counters: { -readonly [name in Counter]: FolderRecord[name] }
  readonly #came: Uid[] = []
  readonly #changed: Uid[] = []
  readonly #gone: Uid[] = []
  readonly #messages: Write[] = []
  readonly #newKeywords = new Set<string>()
  readonly #besides: { [name: string]: number | boolean } = {}
  #uidGap: number

  constructor(before: FolderRecord, nowMs: number) {
    this.#before = before
    this.#nowMs = nowMs
    const { uidNext, exists, unseen, deleted, bytes, digest } = before
    this.#counters = { uidNext, exists, unseen, deleted, bytes, digest }
    this.#uidGap = before.uidGap
  }

  /** The modseq of messages that come or change. */
  get modSeq(): ModSeq {
    return (this.#before.modSeq + 1) as ModSeq
  }

  /** Puts a message at the end; keywords that the folder has no room for are left out. */
  add(message: Omit<MessageRecord, 'uid' | 'modSeq' | 'saveDateMs'>): Uid {
    const uid = (this.#counters.uidNext + this.#uidGap) as Uid
    this.#uidGap = 0
    this.#put(uid, message, this.#nowMs)
    return uid
  }

  /**
   * Puts a message of another system at the end, under the uid that it had there where that is still to be given (`bring-in.ts`). Nobody
   * is told of it as \Recent: it was seen there.
   */
  bringIn(
    message: Omit<MessageRecord, 'uid' | 'modSeq' | 'saveDateMs'>,
    there: { readonly uid: number | undefined; readonly saveDateMs: number | undefined },
  ): Uid {
    const { uidNext } = this.#counters
    const uid = Math.max(there.uid ?? 0, uidNext) as Uid
    if (!this.#before.broughtIn) this.#besides.broughtIn = true
    this.#put(uid, message, there.saveDateMs ?? this.#nowMs)
    const recentFrom = this.#besides.recentFrom ?? this.#before.recentFrom
    if (typeof recentFrom === 'number' && recentFrom >= uidNext) this.#besides.recentFrom = uid + 1
    return uid
  }

  #put(
    uid: Uid,
    message: Omit<MessageRecord, 'uid' | 'modSeq' | 'saveDateMs'>,
    saveDateMs: number,
  ): void {
    this.#counters.uidNext = (uid + 1) as Uid
    // Field by field: a spread costs more, and every delivery comes here.
    const record: MessageRecord = {
      uid,
      blobId: message.blobId,
      size: message.size,
      internalDateMs: message.internalDateMs,
      saveDateMs,
      flags: this.#fit(message.flags),
      modSeq: this.modSeq,
      prepend: message.prepend,
      unended: message.unended,
    }
    this.#messages.push({ put: messageItem(this.#before.id, record), if: { absent: 'pk' } })
    this.#came.push(uid)
    this.#count(record, 1)
  }

  /** Returns the message as it will be. */
  setFlags(old: MessageRecord, given: FlagSet): MessageRecord {
    const record = { ...old, flags: this.#fit(given), modSeq: this.modSeq }
    this.#messages.push({ put: messageItem(this.#before.id, record), if: isAt(old.modSeq) })
    this.#changed.push(old.uid)
    this.#count(old, -1)
    this.#count(record, 1)
    return record
  }

  remove(old: MessageRecord): void {
    this.#messages.push({ delete: messageKey(this.#before.id, old.uid), if: isAt(old.modSeq) })
    this.#gone.push(old.uid)
    this.#count(old, -1)
  }

  /**
   * The folder is only left as it was read if nothing was collected. `modSeq` is the folder's after these writes; `growth` is for the
   * write of the account's USAGE in the same transaction.
   */
  finish(): {
    readonly modSeq: ModSeq
    readonly writes: readonly Write[]
    readonly growth: Growth
  } {
    const { id, accountId } = this.#before
    let { modSeq } = this.#before
    const log: Write[] = []
    for (const [kind, uids] of [
      ['new', this.#came],
      ['flags', this.#changed],
      ['expunge', this.#gone],
    ] as const) {
      if (uids.length === 0) continue
      modSeq = (modSeq + 1) as ModSeq
      log.push({ put: logItem(id, modSeq, kind, uids, this.#nowMs) })
    }
    const keywords = this.#newKeywords.size === 0 ? {} : { insert: { keywords: this.#newKeywords } }
    const { growth, set, asRead } = countFolder(this.#before, this.#counters)
    const isGapTaken = this.#uidGap !== this.#before.uidGap
    const folder: Write = {
      update: folderKey(accountId, id),
      changes: {
        set: { modSeq, ...this.#counters, ...set, ...this.#besides },
        ...keywords,
        ...(isGapTaken && { remove: ['uidGap'] }),
      },
      if: { all: [isUnchanged(this.#before), ...asRead] },
    }
    return { modSeq, writes: [folder, ...this.#messages, ...log], growth }
  }

  #fit(flags: FlagSet): FlagSet {
    if (flags.keywords.length === 0) return flags
    const fitted = fitKeywords(flags, [...this.#before.keywords, ...this.#newKeywords])
    for (const keyword of fitted.added) this.#newKeywords.add(keyword)
    return fitted.flags
  }

  #count({ uid, modSeq, flags, size }: MessageRecord, sign: 1 | -1): void {
    const counters = this.#counters
    counters.exists += sign
    counters.bytes += sign * size
    if (!(flags.bits & SEEN)) counters.unseen += sign
    if (flags.bits & DELETED) counters.deleted += sign
    const digest = messageDigest(uid, modSeq)
    counters.digest = (sign > 0 ? addDigest : subtractDigest)(counters.digest, digest)
  }
}

type Counter = 'uidNext' | 'exists' | 'unseen' | 'deleted' | 'bytes' | 'digest'

/** The folder is as it was read: every change of its messages raises its modseq. */
export function isUnchanged(folder: { readonly modSeq: ModSeq }) {
  return { attribute: 'modSeq', is: '=', value: folder.modSeq } as const
}

/** The message is as it was read, although it may have been read from a half-applied transaction. */
const isAt = (modSeq: ModSeq) => ({ attribute: 'm', is: '=', value: modSeq }) as const
