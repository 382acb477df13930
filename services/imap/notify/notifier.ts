// What a client that used NOTIFY is told, and when: at once, whether a command runs or not (RFC 5465 §3.1). Hints of the store say
// that something changed; what it was comes of reading the account again and comparing.

import type { AccountId, FolderId, FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { DELIMITER, namesOf } from '#shared/mailbox/folder-path.ts'
import type { AccountChange, Watch } from '#shared/mailbox/port.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { HINT_GATHER_MS } from '../config.ts'
import { planFetch } from '../fetch/plan.ts'
import { respond } from '../fetch/responder.ts'
import type { SelectedEvents } from '../news.ts'
import type { SelectedFolder } from '../selected-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import { type AccountState, readAccountState, watchedFolders } from './account-state.ts'
import { writeDifference, writeSnapshot } from './differences.ts'
import type { Notifications } from './notifications.ts'
import { upwards, Wanted } from './wanted.ts'

const nothing = new Wanted([])

export class Notifier implements Notifications {
  readonly #session: Session
  readonly #closing = new AbortController()
  #wanted = nothing
  /** What the client knows. */
  #before: AccountState | undefined
  #account: Watch | undefined
  readonly #folders = new Map<FolderId, Watch>()
  /** Of accounts whose folders are watched. */
  readonly #owners = new Map<AccountId, Watch>()
  readonly #caused = new Set<string>()
  /** Something changed since the last look, and maybe annotations. */
  #hinted = false
  #metadataHinted = false
  #gathering = false
  #ready = false
  /** IDLE waits. */
  #wake: (() => void) | undefined

  constructor(session: Session) {
    this.#session = session
    void this.#poll()
  }

  async set(wanted: Wanted, status: boolean, wire: Wire): Promise<boolean> {
    const state = wanted.ofOthers ? await this.#begin(wanted) : undefined
    if (state === 'too-many') return false
    if (state === undefined) await this.#unwatch()
    this.#wanted = wanted
    this.#before = state
    this.#caused.clear()
    const session = this.#session
    if (session.state.kind === 'selected') this.attach(session.state.selected)
    if (status && state !== undefined) {
      const writer = new ResponseWriter()
      writer.utf8 = session.utf8
      await writeSnapshot(writer, session, { wanted, state, wire })
      for (const piece of writer.take()) wire.write(piece)
    }
    return true
  }

  async none(wire: Wire): Promise<void> {
    await this.set(nothing, false, wire)
  }

  attach(selected: SelectedFolder): void {
    selected.events = this.#selectedEvents()
    selected.onHint = () => this.#gather()
  }

  causes(...paths: readonly string[]): void {
    for (const path of paths) {
      const names = namesOf(path)?.join(DELIMITER)
      // What is missing above a name is made with it.
      if (names !== undefined) for (const name of upwards(names)) this.#caused.add(name)
      else if (path === '') this.#caused.add(path)
    }
  }

  get ready(): boolean {
    const { state } = this.#session
    return this.#ready || (this.#atOnce && state.kind === 'selected' && state.selected.owesExpunges)
  }

  tellBetweenCommands(wire: Wire): Promise<void> {
    return this.tell(wire, { expunges: this.#atOnce })
  }

  async tell(wire: Wire, { expunges }: { readonly expunges: boolean }): Promise<void> {
    this.#ready = false
    const { state } = this.#session
    try {
      if (state.kind === 'selected') {
        await state.selected.tellNews(wire, { expunges, look: false })
      }
      await this.#tellOthers(wire)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      this.#session.log.warn({ command: 'NOTIFY', error }, 'could not look for news')
      await this.#overflow(wire)
    }
  }

  /** What happened beside the selected folder. */
  async #tellOthers(wire: Wire): Promise<void> {
    const before = this.#before
    if (!this.#hinted || before === undefined) return
    this.#hinted = false
    const known = this.#metadataHinted ? undefined : before
    this.#metadataHinted = false
    const after = await readAccountState(this.#session, this.#wanted, known)
    if (!(await this.#watch(this.#wanted, after))) return this.#overflow(wire)
    const writer = new ResponseWriter()
    writer.utf8 = this.#session.utf8
    await writeDifference(writer, this.#session, {
      before,
      after,
      wanted: this.#wanted,
      caused: this.#caused,
      wire,
    })
    this.#caused.clear()
    this.#before = after
    for (const piece of writer.take()) wire.write(piece)
    await wire.room()
  }

  async tellUntil(ending: AbortSignal, wire: Wire): Promise<void> {
    const { state } = this.#session
    for (let first = true; !ending.aborted; first = false) {
      if (first || this.#ready) await this.tell(wire, { expunges: true })
      if (state.kind === 'selected' && state.selected.gone) return
      await wire.room()
      if (this.#ready || ending.aborted) continue
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      this.#wake = wake
      ending.addEventListener('abort', wake)
      await promise
      ending.removeEventListener('abort', wake)
      this.#wake = undefined
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#unwatch()
  }

  get #atOnce(): boolean {
    return this.#wanted.selected?.delayed === false
  }

  // -------------------------------------------------------------------------------------------- hints

  /** Changes within a moment are told together. */
  #gather(): void {
    if (this.#gathering || this.#closing.signal.aborted) return
    this.#gathering = true
    const { clock } = this.#session.deps
    void clock.sleep(HINT_GATHER_MS, this.#closing.signal).then(() => {
      this.#gathering = false
      if (this.#closing.signal.aborted) return
      this.#ready = true
      this.#wake?.()
      this.#session.onNotification()
    })
  }

  readonly #onChange = (change?: AccountChange): void => {
    this.#hinted = true
    if (change === 'metadata') this.#metadataHinted = true
    this.#gather()
  }

  /** Should every hint have been lost. */
  async #poll(): Promise<void> {
    const { clock, options } = this.#session.deps
    for (;;) {
      await clock.sleep(options.safetyPollMs, this.#closing.signal)
      if (this.#closing.signal.aborted) return
      if (this.#session.state.kind === 'selected') this.#session.selected.hint()
      this.#onChange('metadata')
    }
  }

  // ---------------------------------------------------------------------------------------- watching

  /** Watched first, read afterwards: what changes in between is told. */
  async #begin(wanted: Wanted): Promise<AccountState | 'too-many'> {
    const { deps, account } = this.#session
    this.#account ??= await deps.mailbox.watchAccount(account.id, this.#onChange)
    if (!(await this.#watch(wanted, await readAccountState(this.#session, wanted)))) {
      await this.#watch(this.#wanted, this.#before)
      return 'too-many'
    }
    return readAccountState(this.#session, wanted)
  }

  /** Watches those folders and no others; false when they are too many. */
  async #watch(wanted: Wanted, state: AccountState | undefined): Promise<boolean> {
    const { options } = this.#session.deps
    const folders = state === undefined ? [] : await watchedFolders(wanted, state)
    if (folders.length > options.notifyMailboxesMax) return false
    const { mailbox } = this.#session.deps
    const named = new Map<FolderId, FolderRef>(folders.map(({ folder }) => [folder.id, folder]))
    const owners = new Map([...(state?.owners ?? [])].map((id) => [id, id]))
    await this.#follow(this.#folders, named, (ref) =>
      mailbox.watchFolder(ref, () => this.#onChange()),
    )
    await this.#follow(this.#owners, owners, (id) => mailbox.watchAccount(id, this.#onChange))
    return true
  }

  /** These and no others. */
  async #follow<Id, Name>(
    known: Map<Id, Watch>,
    wanted: ReadonlyMap<Id, Name>,
    watch: (name: Name) => Promise<Watch>,
  ): Promise<void> {
    for (const [id, old] of known) {
      if (wanted.has(id)) continue
      known.delete(id)
      await old.close()
    }
    for (const [id, name] of wanted) {
      if (known.has(id)) continue
      known.set(id, await watch(name))
      // Of what happened between reading and watching there was no hint.
      this.#hinted = true
      this.#gather()
    }
  }

  async #unwatch(): Promise<void> {
    await this.#watch(nothing, undefined)
    await this.#account?.close()
    this.#account = undefined
    this.#before = undefined
  }

  /** RFC 5465 §5.8: as if NOTIFY NONE had been received. */
  async #overflow(wire: Wire): Promise<void> {
    wire.untagged('OK [NOTIFICATIONOVERFLOW] Nothing more is told until the next NOTIFY')
    await this.none(wire)
  }

  #selectedEvents(): SelectedEvents {
    const { selected } = this.#wanted
    if (selected === null) return { kind: 'none' }
    const { delayed, flags, atts } = selected
    const session = this.#session
    const tellNew = async (wire: Wire, uids: readonly Uid[]) => {
      const plan = planFetch(atts, {
        uid: !session.enabled.has('UIDONLY'),
        modSeq: false,
        condstore: session.enabled.has('CONDSTORE'),
        // Nobody has read a message because it was told of: \Seen stays unset.
        readOnly: true,
        messageForm: session.messageForm,
        isRecent: (uid) => session.selected.isRecent(uid),
      })
      await respond(session, plan, uids, wire)
    }
    return {
      kind: delayed ? 'delayed' : 'at-once',
      flags,
      tellNew: atts.length === 0 ? null : tellNew,
    }
  }
}
