// The folder a session has selected: what its client knows of it, and what there is to be told. How the client counts its messages:
// sequence-numbers.ts; what it has not been told yet: news.ts.

import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { formatSequenceSet, type MessageSet } from '#shared/imap/sequence-set.ts'
import { DELETED, type FlagSet, flagList, SYSTEM_FLAGS } from '#shared/mailbox/flags.ts'
import type { MessageColumns, UidList } from '#shared/mailbox/message-columns.ts'
import type { Mailbox, OpenFolder, RecentMessages, Watch } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { flagScope, type Right, type Rights } from '#shared/mailbox/rights.ts'
import { type NumberRange, rangesOf } from '#shared/runtime/number-ranges.ts'
import { type ForeignAccess, HeldRights } from './access/held-rights.ts'
import type { Extension } from './extension.ts'
import { Hints } from './hints.ts'
import { type News, type ResultWatcher, type SelectedEvents, UntoldChanges } from './news.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import type { Wire } from './wire.ts'

/** What it needs of the store. */
type Deps = { readonly mailbox: Pick<Mailbox, 'openFolder' | 'recent' | 'watchFolder'> }

/** Responses are collected up to this size before they go to the socket. */
const WRITE_CHARACTERS = 16 * 1024

type SelectOptions = {
  readonly readOnly: boolean
  readonly enabled: ReadonlySet<Extension>
  /** Of somebody else's folder. */
  readonly access?: ForeignAccess
}

export class SelectedFolder {
  readonly readOnly: boolean
  watcher: ResultWatcher | undefined
  /** Without NOTIFY everything is told, at the end of commands. */
  events: SelectedEvents = { kind: 'delayed', flags: true, tellNew: null }
  readonly #hints = new Hints()
  readonly #untold = new UntoldChanges()
  readonly #open: OpenFolder
  readonly #enabled: ReadonlySet<Extension>
  /** Undefined for a session that began with IMAP4rev2, which has no \Recent. */
  readonly #recent: RecentMessages | undefined
  #recentTold = 0
  #watch: Watch | undefined
  readonly #numbers: SequenceNumbers
  /** Keywords of the folder that the client has been told of. */
  #keywords: readonly string[]
  readonly #rights: HeldRights
  #gone = false

  private constructor(
    open: OpenFolder,
    options: SelectOptions & { readonly recent: RecentMessages | undefined },
  ) {
    this.#recent = options.recent
    this.#open = open
    this.#numbers = new SequenceNumbers(open.uids)
    this.#keywords = open.folder.keywords
    this.#enabled = options.enabled
    this.readOnly = options.readOnly
    this.#rights = new HeldRights(options.access)
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
    this.#hints.wake()
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
    return this.#numbers.toldUpTo(this.modSeq)
  }

  /** What the process knows of the messages; rows may be newer than what this session was told. */
  get messages(): MessageColumns {
    return this.#open.messages
  }

  /** Somebody else's: what the session may do there can change at any time. */
  get isForeign(): boolean {
    return this.#rights.isForeign
  }

  get rights(): Rights {
    return this.#rights.rights
  }

  may(right: Right): boolean {
    return this.#rights.may(right)
  }

  /** Whether it still may, for who is in the middle of a command. */
  mayBeRead(): Promise<boolean> {
    return this.#rights.mayBeRead()
  }

  /** Looks what the session may do here now; without the right to read the folder is gone (RFC 4314 §5.1.1). */
  async lookAtRights(wire: Wire): Promise<void> {
    if (!this.isForeign || this.#gone) return
    const before = this.permanentFlags
    await this.#rights.look()
    if (!this.may('r')) this.#gone = true
    else if (this.permanentFlags !== before) this.#tellPermanentFlags(wire)
  }

  /** Flags that the session can change for good; `\\*`: and new keywords (RFC 9051 §7.1, RFC 4314 §5.1.1). */
  get permanentFlags(): string {
    if (this.readOnly) return ''
    const scope = flagScope(this.rights)
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
    return this.#numbers.count
  }

  /** The client's uids by sequence number, from 1 at position 0. */
  get uids(): UidList {
    return this.#numbers.uids
  }

  /** Sequence number, 0 when the client does not know the message. */
  numberOf(uid: Uid): number {
    return this.#numbers.numberOf(uid)
  }

  /** Ascending uids that a command means: see SequenceNumbers. */
  select(set: MessageSet, by: 'number' | 'uid'): readonly Uid[] {
    return this.#numbers.select(set, by)
  }

  /** The result that `$` stands for (RFC 5182). */
  get saved(): readonly Uid[] {
    return this.#numbers.saved
  }

  set saved(uids: readonly Uid[]) {
    this.#numbers.saved = uids
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
    this.#hints.hint()
  }

  /** Has every hint call this. */
  set onHint(call: () => void) {
    this.#hints.onHint = call
  }

  /** Waits for a hint, or until the time is over or the signal aborts. */
  hinted(timeoutMs: number, signal: AbortSignal): Promise<'hint' | 'none'> {
    return this.#hints.wait(timeoutMs, signal)
  }

  /** Expunges wait to be told. */
  get owesExpunges(): boolean {
    return this.#numbers.untold.length > 0
  }

  /** A command has told the client this state of the message: it is no news. */
  told(uid: Uid, modSeq: ModSeq): void {
    this.#untold.told(uid, modSeq)
  }

  /** A command of this session has put these messages here. */
  brought(uids: readonly Uid[]): void {
    if (this.#tellNew !== null) this.#untold.brought(uids)
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
    const before = this.count
    if (look || this.#hints.pending) {
      await this.lookAtRights(wire)
      if (!this.#gone) await this.#advance()
    }
    if (this.#gone) return
    const expunged = expunges ? this.#numbers.untold : []
    const hasMore = this.count !== before
    if (hasMore && existsFirst) wire.untagged(`${this.count} EXISTS`)
    if (expunged.length > 0) {
      this.watcher?.removed(wire, expunged)
      await this.#tellExpunged(wire, expunged)
    }
    if (hasMore && !existsFirst) wire.untagged(`${this.count} EXISTS`)
    this.tellRecent(wire)
    this.tellKeywords(wire)
    await this.#tellFlags(wire)
    await this.#tellResults(wire)
    await this.#tellArrived(wire)
    // RFC 7162 §3.2: mod-sequences told now must not make the client believe that it knows of the expunges before them.
    if (this.owesExpunges && this.#enabled.has('QRESYNC')) {
      wire.untagged(`OK [HIGHESTMODSEQ ${this.modSeqTold}] Expunges are still to be told`)
    }
  }

  /** RFC 3501 §7.3.2; `always`: in the answer to SELECT. */
  tellRecent(wire: Wire, always = false): void {
    if (this.#recent === undefined || !this.#hasRecent) return
    const count = this.#recent.countIn(this.uids)
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
    this.#hints.take()
    const { modSeq } = this
    const advanced = await this.#open.advance()
    if (advanced.kind === 'gone') {
      this.#gone = true
      return
    }
    if (advanced.kind === 'unchanged') return
    if (this.#hasRecent) this.#recent?.came(this.folder.uidNext)
    this.#untold.note(advanced, {
      watched: this.watcher !== undefined,
      tellsNew: this.#tellNew !== null,
    })
    this.#numbers.advance(this.#open.uids, advanced.expunged, modSeq)
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
    this.#numbers.tellExpunged(this.#open.uids)
  }

  async #tellResults(wire: Wire): Promise<void> {
    const uids = this.#untold.takeUnwatched()
    if (uids.length > 0) await this.watcher?.changed(wire, uids)
  }

  get #tellNew() {
    return this.events.kind === 'none' ? null : this.events.tellNew
  }

  /** RFC 5465 §5.2: after EXISTS and what they mean for searches. */
  async #tellArrived(wire: Wire): Promise<void> {
    const uids = this.#untold.takeArrived()
    if (uids.length > 0) await this.#tellNew?.(wire, uids)
  }

  async #tellFlags(wire: Wire): Promise<void> {
    const tellsFlags = this.events.kind !== 'none' && this.events.flags
    for (const uid of tellsFlags ? this.#untold.flags : []) {
      const wait = wire.room()
      if (wait) await wait
      const { messages } = this
      const row = messages.rowOf(uid)
      if (row < 0 || this.#untold.isTold(uid, messages.modSeqAt(row))) continue
      const response = this.currentFlags(uid)
      if (response !== undefined) wire.untagged(response)
    }
    this.#untold.forgetFlags()
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
