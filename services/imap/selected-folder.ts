// The folder a session has selected: its own map of sequence numbers, what it has been told, and what it still has to be told.
// Expunges that may not be told now keep their sequence numbers until they may (RFC 9051 §7.5.1).

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import {
  formatSequenceSet,
  type MessageSet,
  NUMBER_MAX,
  type NumberRange,
  rangesOf,
  resolveSet,
} from '#shared/imap/sequence-set.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { DELETED, type FlagSet, flagList, SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import {
  type MessageColumns,
  positionAtOrAfter,
  type UidList,
} from '#shared/mailbox/message-columns.ts'
import type { Mailbox, OpenFolder, RecentMessages, Watch } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { allRights, flagScope, hasRight, type Right, type Rights } from '#shared/mailbox/rights.ts'
import type { Extension } from './extension.ts'
import type { Wire } from './wire.ts'

export type News = {
  /** Whether EXPUNGE may be told now. */
  readonly expunges: boolean
  /** Whether the folder is read even if no hint came. */
  readonly look: boolean
  /** They are the answer of a command, whatever NOTIFY said. */
  readonly answer?: boolean
  /** What came is told before what went, where both are one: REPLACE. */
  readonly existsFirst?: boolean
}

/** Which message events a client is told of (RFC 5465 §6.1). */
export type SelectedEvents =
  /** None but those of its own commands. */
  | { readonly kind: 'none' }
  | {
      /** Whether expunges are told without a command too. */
      readonly kind: 'delayed' | 'at-once'
      readonly flags: boolean
      /** More of new messages than that they are there. */
      readonly tellNew: ((wire: Wire, uids: readonly Uid[]) => Promise<void>) | null
    }

/** Keeps results of searches up to date (RFC 5267). */
export interface ResultWatcher {
  /** To be told before the expunges themselves. */
  removed(wire: Wire, uids: readonly Uid[]): void
  /** Changed or new, ascending. */
  changed(wire: Wire, uids: readonly Uid[]): Promise<void>
}

/** What it needs of the store. */
type Deps = { readonly mailbox: Pick<Mailbox, 'openFolder' | 'recent' | 'watchFolder'> }

/** Responses are collected up to this size before they go to the socket. */
const WRITE_CHARACTERS = 16 * 1024

type SelectOptions = {
  readonly readOnly: boolean
  readonly enabled: ReadonlySet<Extension>
  /** Of somebody else's folder. */
  readonly access?: {
    readonly rights: Rights
    /** What they are now. */
    readonly read: () => Promise<Rights>
  }
}

export class SelectedFolder {
  readonly readOnly: boolean
  /** The result that `$` stands for (RFC 5182). */
  saved: readonly Uid[] = []
  watcher: ResultWatcher | undefined
  /** Without NOTIFY everything is told, at the end of commands. */
  events: SelectedEvents = { kind: 'delayed', flags: true, tellNew: null }
  /** Somebody may have changed the folder. */
  onHint: (() => void) | undefined
  /** New by this session: the client knows what they are (RFC 5465 §5.2). */
  readonly #own = new Set<Uid>()
  /** New, not told by `events.tellNew` yet. */
  readonly #arrived = new Set<Uid>()
  /** Changed or new, not shown to the watcher yet. */
  readonly #unwatched = new Set<Uid>()
  readonly #open: OpenFolder
  readonly #enabled: ReadonlySet<Extension>
  /** Undefined for a session that began with IMAP4rev2, which has no \Recent. */
  readonly #recent: RecentMessages | undefined
  #recentTold = 0
  #watch: Watch | undefined
  /** Uids by sequence number as the client knows them. */
  #view: UidList
  /** Expunged, but not told yet: still in the view. Ascending. */
  #untold: readonly Uid[] = []
  /** The state before the first of them went. */
  #toldUpTo: ModSeq | undefined
  /** Flags changed, not told yet. */
  readonly #changed = new Set<Uid>()
  /** Keywords of the folder that the client has been told of. */
  #keywords: readonly string[]
  /** State of a message that a command of this session has told already. */
  readonly #told = new Map<Uid, ModSeq>()
  #rights: Rights
  readonly #readRights: (() => Promise<Rights>) | undefined
  #hinted = false
  #wake: (() => void) | undefined
  #gone = false

  private constructor(
    open: OpenFolder,
    options: SelectOptions & { readonly recent: RecentMessages | undefined },
  ) {
    this.#recent = options.recent
    this.#open = open
    this.#view = open.uids
    this.#keywords = open.folder.keywords
    this.#enabled = options.enabled
    this.readOnly = options.readOnly
    this.#rights = options.access?.rights ?? allRights
    this.#readRights = options.access?.read
  }

  /** Undefined when there is no such folder or it cannot be selected. */
  static async open(
    { mailbox }: Deps,
    folder: FolderRecord,
    options: SelectOptions,
  ): Promise<SelectedFolder | undefined> {
    const holder: { selected?: SelectedFolder } = {}
    // Watched first: a change after the folder was read must find a listener.
    const watch = await mailbox.watchFolder(folder, () => holder.selected?.hint())
    try {
      const open = await mailbox.openFolder(folder)
      if (open === undefined) return undefined
      const { readOnly, enabled } = options
      const recent = enabled.has('IMAP4REV2')
        ? undefined
        : await mailbox.recent.follow(folder, open.folder.uidNext, { takes: !readOnly })
      const selected = new SelectedFolder(open, { ...options, recent })
      selected.#watch = watch
      holder.selected = selected
      return selected
    } finally {
      if (holder.selected === undefined) await watch.close()
    }
  }

  async close(): Promise<void> {
    this.#open.close()
    this.#wake?.()
    await this.#watch?.close()
    await this.#recent?.close()
  }

  get folder(): FolderRecord {
    return this.#open.folder
  }

  get modSeq(): ModSeq {
    return this.#open.modSeq
  }

  /** Up to where the client knows of every expunge (RFC 7162 §3.2). */
  get modSeqTold(): ModSeq {
    return this.#untold.length > 0 ? (this.#toldUpTo ?? this.modSeq) : this.modSeq
  }

  /** What the process knows of the messages; rows may be newer than what this session was told. */
  get messages(): MessageColumns {
    return this.#open.messages
  }

  /** Somebody else's: what the session may do there can change at any time. */
  get isForeign(): boolean {
    return this.#readRights !== undefined
  }

  get rights(): Rights {
    return this.#rights
  }

  may(right: Right): boolean {
    return hasRight(this.#rights, right)
  }

  /** Whether it still may, for who is in the middle of a command. */
  async mayBeRead(): Promise<boolean> {
    return this.#readRights === undefined || hasRight(await this.#readRights(), 'r')
  }

  /** Looks what the session may do here now; without the right to read the folder is gone (RFC 4314 §5.1.1). */
  async lookAtRights(wire: Wire): Promise<void> {
    if (this.#readRights === undefined || this.#gone) return
    const before = this.permanentFlags
    this.#rights = await this.#readRights()
    if (!this.may('r')) this.#gone = true
    else if (this.permanentFlags !== before) this.#tellPermanentFlags(wire)
  }

  /** Flags that the session can change for good; `\\*`: and new keywords (RFC 9051 §7.1, RFC 4314 §5.1.1). */
  get permanentFlags(): string {
    if (this.readOnly) return ''
    const scope = flagScope(this.#rights)
    const system = flagList({ bits: scope.bits, keywords: [] })
    return [...system, ...(scope.keywords ? [...this.#keywords, '\\*'] : [])].join(' ')
  }

  /** The folder was deleted, or made again under its name: the session has to leave it. */
  get gone(): boolean {
    return this.#gone
  }

  // ------------------------------------------------------------------------------------ numbers

  /** Messages as the client counts them. */
  get count(): number {
    return this.#view.length
  }

  /** The client's uids by sequence number, from 1 at position 0. */
  get uids(): UidList {
    return this.#view
  }

  /** Sequence number, 0 when the client does not know the message. */
  numberOf(uid: Uid): number {
    const position = positionAtOrAfter(this.#view, uid)
    return this.#view[position] === uid ? position + 1 : 0
  }

  /**
   * Ascending uids that a command means, those expunged behind the client's back included. Unknown uids mean nothing; a
   * sequence number beyond the last message is an error (RFC 9051 §9 seq-number).
   */
  select(set: MessageSet, by: 'number' | 'uid'): readonly Uid[] {
    if (set.kind === 'saved') return this.saved.filter((uid) => this.numberOf(uid) > 0)
    const view = this.#view
    const uids: Uid[] = []
    if (by === 'number') {
      for (const { first, last } of resolveSet(set.ranges, view.length)) {
        if (last > view.length) throw new ImapSyntaxError('no message has such a number')
        for (let n = first; n <= last; n++) uids.push(view[n - 1] as Uid)
      }
      if (view.length === 0 && set.ranges.some(({ last }) => last <= NUMBER_MAX)) {
        throw new ImapSyntaxError('the mailbox is empty')
      }
      return uids
    }
    for (const { first, last } of resolveSet(set.ranges, view[view.length - 1] ?? 0)) {
      for (let at = positionAtOrAfter(view, first); at < view.length; at++) {
        const uid = view[at] as Uid
        if (uid > last) break
        uids.push(uid)
      }
    }
    return uids
  }

  /** Messages marked \Deleted. */
  deletedUids(): Uid[] {
    const { messages } = this
    const uids: Uid[] = []
    for (let row = 0; row < messages.length; row++) {
      if (messages.bitsAt(row) & DELETED) uids.push(messages.uidAt(row))
    }
    return uids
  }

  /** Whether the message still exists, as far as the process knows. */
  exists(uid: Uid): boolean {
    return this.messages.rowOf(uid) >= 0
  }

  /** RFC 3501 §2.3.2: this session is the first that was told of the message. */
  isRecent(uid: Uid): boolean {
    return this.#recent !== undefined && this.#hasRecent && this.#recent.isRecent(uid)
  }

  get #hasRecent(): boolean {
    return !this.#enabled.has('IMAP4REV2')
  }

  // --------------------------------------------------------------------------------------- news

  /** Somebody may have changed the folder. */
  hint(): void {
    this.#hinted = true
    this.#wake?.()
    this.onHint?.()
  }

  /** Expunges wait to be told. */
  get owesExpunges(): boolean {
    return this.#untold.length > 0
  }

  /** Waits for a hint, or until the time is over or the signal aborts. */
  async hinted(timeoutMs: number, signal: AbortSignal): Promise<'hint' | 'none'> {
    if (!this.#hinted && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      const timer = setTimeout(wake, timeoutMs)
      signal.addEventListener('abort', wake)
      this.#wake = wake
      await promise
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      this.#wake = undefined
    }
    return this.#hinted ? 'hint' : 'none'
  }

  /** A command has told the client this state of the message: it is no news. */
  told(uid: Uid, modSeq: ModSeq): void {
    this.#told.set(uid, modSeq)
  }

  /** A command of this session has put these messages here. */
  brought(uids: readonly Uid[]): void {
    if (this.#tellNew !== null) for (const uid of uids) this.#own.add(uid)
    this.hint()
  }

  /** What a client that was here at `modSeq` does not know yet (RFC 7162 §3.2.10). */
  async missedSince(modSeq: number): Promise<{
    readonly changed: readonly Uid[]
    readonly vanished: NumberRange[]
  }> {
    const { changed, vanished } = await this.#open.missedSince(modSeq)
    return { changed, vanished: vanished.map(([first, last]) => ({ first, last })) }
  }

  /** FETCH response with what is known of the message now; undefined when it is gone. */
  currentFlags(uid: Uid): string | undefined {
    const { messages } = this
    const row = messages.rowOf(uid)
    if (row < 0) return undefined
    const flags = { bits: messages.bitsAt(row), keywords: messages.keywordsAt(row) }
    return this.flagsResponse(uid, flags, messages.modSeqAt(row))
  }

  /** Tells what is new since the last time, as far as it may be told now. */
  async tellNews(wire: Wire, news: News): Promise<void> {
    const { expunges, look, answer = false, existsFirst = false } = news
    // What the client is not told of does not enter its view either.
    if (this.events.kind === 'none' && !answer) return
    const before = this.#view.length
    if (look || this.#hinted) {
      await this.lookAtRights(wire)
      if (!this.#gone) await this.#advance()
    }
    if (this.#gone) return
    const expunged = expunges ? this.#untold : []
    const hasMore = this.#view.length !== before
    if (hasMore && existsFirst) wire.untagged(`${this.#view.length} EXISTS`)
    if (expunged.length > 0) {
      this.watcher?.removed(wire, expunged)
      await this.#tellExpunged(wire, expunged)
    }
    if (hasMore && !existsFirst) wire.untagged(`${this.#view.length} EXISTS`)
    this.tellRecent(wire)
    this.tellKeywords(wire)
    await this.#tellFlags(wire)
    await this.#tellResults(wire)
    await this.#tellArrived(wire)
    // RFC 7162 §3.2: mod-sequences told now must not make the client believe that it knows of the expunges before them.
    if (this.#untold.length > 0 && this.#enabled.has('QRESYNC')) {
      wire.untagged(`OK [HIGHESTMODSEQ ${this.modSeqTold}] Expunges are still to be told`)
    }
  }

  /** RFC 3501 §7.3.2; `always`: in the answer to SELECT. */
  tellRecent(wire: Wire, always = false): void {
    if (this.#recent === undefined || !this.#hasRecent) return
    const count = this.#recent.countIn(this.#view)
    if (count === this.#recentTold && !always) return
    this.#recentTold = count
    wire.untagged(`${count} RECENT`)
  }

  /** Which flags there are when new keywords have come, before a message is told to have one (RFC 9051 §7.3.5). */
  tellKeywords(wire: Wire, used: readonly string[] = []): void {
    const { keywords } = this.folder
    if (keywords.length + used.length === 0) return
    const known = new Set([...this.#keywords, ...keywords, ...used])
    if (known.size === this.#keywords.length) return
    this.#keywords = [...known]
    const flags = [...SYSTEM_FLAGS, ...this.#keywords].join(' ')
    wire.untagged(`FLAGS (${flags})`)
    if (!this.readOnly) this.#tellPermanentFlags(wire)
  }

  #tellPermanentFlags(wire: Wire): void {
    wire.untagged(`OK [PERMANENTFLAGS (${this.permanentFlags})] Flags that are kept`)
  }

  async #advance(): Promise<void> {
    this.#hinted = false
    const { modSeq } = this
    const advanced = await this.#open.advance()
    if (advanced.kind === 'gone') {
      this.#gone = true
      return
    }
    if (advanced.kind === 'unchanged') return
    if (this.#hasRecent) this.#recent?.came(this.folder.uidNext)
    for (const uid of advanced.changed) this.#changed.add(uid)
    if (this.watcher !== undefined) {
      for (const uid of advanced.changed) this.#unwatched.add(uid)
      for (const uid of advanced.appeared) this.#unwatched.add(uid)
    }
    if (this.#tellNew !== null) {
      for (const uid of advanced.appeared) if (!this.#own.delete(uid)) this.#arrived.add(uid)
    }
    for (const uid of advanced.expunged) this.#changed.delete(uid)
    if (advanced.expunged.length > 0) {
      if (this.#untold.length === 0) this.#toldUpTo = modSeq
      this.#untold = [...this.#untold, ...advanced.expunged].sort((a, b) => a - b)
    }
    this.#view =
      this.#untold.length === 0 ? this.#open.uids : withUntold(this.#open.uids, this.#untold)
  }

  async #tellExpunged(wire: Wire, expunged: readonly Uid[]): Promise<void> {
    if (this.#enabled.has('QRESYNC') || this.#enabled.has('UIDONLY')) {
      wire.untagged(`VANISHED ${formatSequenceSet(rangesOf(expunged))}`)
    } else {
      let lines = ''
      for (const [told, uid] of expunged.entries()) {
        lines += `* ${this.numberOf(uid) - told} EXPUNGE\r\n`
        if (lines.length < WRITE_CHARACTERS) continue
        wire.write(lines)
        lines = ''
        await wire.room()
      }
      wire.write(lines)
    }
    this.#untold = []
    this.#view = this.#open.uids
    this.saved = this.saved.filter((uid) => this.numberOf(uid) > 0)
  }

  async #tellResults(wire: Wire): Promise<void> {
    if (this.#unwatched.size === 0) return
    const uids = [...this.#unwatched].sort((a, b) => a - b)
    this.#unwatched.clear()
    await this.watcher?.changed(wire, uids)
  }

  get #tellNew() {
    return this.events.kind === 'none' ? null : this.events.tellNew
  }

  /** RFC 5465 §5.2: after EXISTS and what they mean for searches. */
  async #tellArrived(wire: Wire): Promise<void> {
    if (this.#arrived.size === 0) return
    const uids = [...this.#arrived].sort((a, b) => a - b)
    this.#arrived.clear()
    await this.#tellNew?.(wire, uids)
  }

  async #tellFlags(wire: Wire): Promise<void> {
    if (this.events.kind === 'none' || !this.events.flags) this.#changed.clear()
    for (const uid of this.#changed) {
      const wait = wire.room()
      if (wait) await wait
      const { messages } = this
      const row = messages.rowOf(uid)
      if (row < 0 || this.#told.get(uid) === messages.modSeqAt(row)) continue
      const response = this.currentFlags(uid)
      if (response !== undefined) wire.untagged(response)
    }
    this.#changed.clear()
    this.#told.clear()
  }

  /** FETCH response with the flags of one message; MODSEQ when CONDSTORE is on (RFC 7162 §3.2), UID unless it stands in front. */
  flagsResponse(uid: Uid, flags: FlagSet, modSeq: ModSeq): string {
    const modSeqItem = this.#enabled.has('CONDSTORE') ? ` MODSEQ (${modSeq})` : ''
    const uidItem = this.#enabled.has('UIDONLY') ? '' : `UID ${uid} `
    const all = [...flagList(flags), ...(this.isRecent(uid) ? ['\\Recent'] : [])]
    return `${this.fetchName(uid)} (${uidItem}FLAGS (${all.join(' ')})${modSeqItem})`
  }

  /** `n FETCH`, or `uid UIDFETCH` when the client wants no numbers (RFC 9586 §3.3). */
  fetchName(uid: Uid): string {
    return this.#enabled.has('UIDONLY') ? `${uid} UIDFETCH` : `${this.numberOf(uid)} FETCH`
  }
}

/** Two ascending lists in one. */
function withUntold(uids: UidList, untold: readonly Uid[]): UidList {
  return Uint32Array.from([...uids, ...untold]).sort()
}
