// An IMAP session without its socket: the states of RFC 9051 §3 and what is known in each. A selected session has a folder, an
// authenticated one cannot. Commands act on it; the connection under it sends what they answer.

import type { AccountSessions } from '#shared/auth/account-sessions.ts'
import type {
  AccountWatch,
  Authenticator,
  LoggedInAccount,
  WatchedSession,
} from '#shared/contracts/authenticate.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { People } from '#shared/contracts/people.ts'
import type { Passage } from '#shared/contracts/source.ts'
import type { MessageForm } from '#shared/imap/message-form.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Limits } from '#shared/mailbox/quota.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { RepeatedLines } from '#shared/net/repeated-lines.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import type { ObjectStore, Space } from '#shared/storage/ports.ts'
import type { ImapOptions } from './config.ts'
import type { Extension } from './extension.ts'
import type { Memory } from './memory.ts'
import type { Notifications } from './notify/notifications.ts'
import type { Scripting } from './scripts/scripting.ts'
import type { SelectedFolder } from './selected-folder.ts'
import type { Wire } from './wire.ts'

export type SessionState =
  | { readonly kind: 'not-authenticated' }
  | { readonly kind: 'authenticated'; readonly account: Account }
  | { readonly kind: 'selected'; readonly account: Account; readonly selected: SelectedFolder }
  | { readonly kind: 'logout' }

export type StateName = SessionState['kind']

export type Account = LoggedInAccount

export type SessionDeps = {
  readonly options: ImapOptions
  readonly mailbox: Mailbox
  /** Where the bytes of messages are read. */
  readonly objects: ObjectStore
  readonly space: Space
  readonly authenticator: Authenticator
  readonly accountWatch: AccountWatch
  readonly accountSessions: AccountSessions
  readonly people: People
  readonly scripting: Scripting
  readonly memory: Memory
  /** What the account may store; undefined when it is gone. */
  readonly quota: (accountId: AccountId) => Promise<Limits | undefined>
  readonly clock: Clock
  readonly log: Log
  readonly lines: RepeatedLines
  readonly hostname: string
}

/** The connection under a session. */
export type SessionTransport = {
  readonly security: 'clear' | 'tls'
  /** Whether STARTTLS can be answered. */
  readonly tlsAvailable: boolean
  readonly compressed: boolean
  /** With TLS. */
  readonly channelBindings: ChannelBindings | undefined
  readonly remoteAddress: string
}

export class Session {
  readonly deps: SessionDeps
  readonly enabled = new Set<Extension>()
  /** Counts for the log line at its end. */
  readonly counts = { fetched: 0, appended: 0, expunged: 0 }
  /** How often the client has said who it is. */
  identified = 0
  /** Of the command that runs, '' for none: its answers may name it (RFC 9051 §7.3.4, RFC 9585 §4). */
  tag = ''
  log: Log
  transport: SessionTransport
  /** As the client gave it: without a domain where the default one was meant. */
  loginGiven = ''
  /** Since the last good login. */
  authFailures = 0
  /** Since the first NOTIFY. */
  notifications: Notifications | undefined
  /** Where it goes on; undefined: here. */
  passage: Passage | undefined
  /** Called when there is something to tell, whether a command runs or not. Set by the connection. */
  onNotification: () => void = () => {}
  /** Called when the account must not be served any longer. Set by the connection. */
  onAccountEnd: () => void = () => {}
  #watching: WatchedSession | undefined
  #client: string | undefined
  #state: SessionState = { kind: 'not-authenticated' }

  constructor(deps: SessionDeps, transport: SessionTransport) {
    this.deps = deps
    this.transport = transport
    this.log = deps.log.child({ remoteAddress: transport.remoteAddress })
  }

  /** For what a client can make us say as fast as it likes. */
  logRepeated(fields: LogFields, message: string): void {
    const { lines } = this.deps
    lines.write(clientNetwork(this.transport.remoteAddress), this.log, fields, message)
  }

  get state(): SessionState {
    return this.#state
  }

  /** Mailbox names, strings and header fields may be UTF-8 (RFC 6855 §3, RFC 9051 §6.3.1). */
  get utf8(): boolean {
    return this.enabled.has('UTF8=ACCEPT') || this.enabled.has('IMAP4REV2')
  }

  /** What BODYSTRUCTURE makes of message/global, which RFC 3501 knows nothing of. */
  get messageForm(): MessageForm {
    return this.enabled.has('IMAP4REV2') ? 'rfc822 and global' : 'rfc822'
  }

  /** The account behind the session. Commands that need one declare a state that has it. */
  get account(): Account {
    if (this.#state.kind === 'authenticated' || this.#state.kind === 'selected') {
      return this.#state.account
    }
    throw new Error(`no account in state ${this.#state.kind}`)
  }

  get selected(): SelectedFolder {
    if (this.#state.kind === 'selected') return this.#state.selected
    throw new Error(`no folder in state ${this.#state.kind}`)
  }

  /** RFC 7162 §3.1: the first command that enables CONDSTORE in a selected folder tells what its client knows of it. */
  enableCondstore(wire: Wire): void {
    if (this.enabled.has('CONDSTORE')) return
    this.enabled.add('CONDSTORE')
    if (this.#state.kind !== 'selected') return
    wire.untagged(`OK [HIGHESTMODSEQ ${this.#state.selected.modSeqTold}] Highest`)
  }

  /** False when the account has as many sessions as it may. */
  authenticate(account: Account): boolean {
    if (!this.deps.accountSessions.enter(account.id)) return false
    this.#state = { kind: 'authenticated', account }
    const { remoteAddress } = this.transport
    const place = { service: 'imap', remoteAddress } as const
    this.#watching = this.deps.accountWatch.watch(account, () => this.onAccountEnd(), place)
    if (this.#client !== undefined) this.#watching.identify(this.#client)
    this.log = this.log.child({ account: account.login })
    return true
  }

  /** What the client says that it is, before its login or after it. */
  identify(client: string): void {
    this.#client = client
    this.#watching?.identify(client)
  }

  select(selected: SelectedFolder): void {
    this.#state = { kind: 'selected', account: this.account, selected }
    this.notifications?.attach(selected)
  }

  /** Back to authenticated; the folder is let go. */
  async unselect(): Promise<void> {
    if (this.#state.kind !== 'selected') return
    const { account, selected } = this.#state
    this.#state = { kind: 'authenticated', account }
    await selected.close()
  }

  /** Forgets the account (RFC 8437); what was enabled goes too. */
  async unauthenticate(): Promise<void> {
    await this.#leave()
    this.enabled.clear()
    this.log = this.deps.log.child({ remoteAddress: this.transport.remoteAddress })
    this.#state = { kind: 'not-authenticated' }
  }

  async end(): Promise<void> {
    await this.#leave()
    this.#state = { kind: 'logout' }
  }

  async #leave(): Promise<void> {
    this.#watching?.close()
    await this.notifications?.close()
    this.notifications = undefined
    await this.unselect()
    if (this.#state.kind === 'authenticated') {
      this.deps.accountSessions.leave(this.#state.account.id)
    }
  }
}
