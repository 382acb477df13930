// A POP3 session without its socket: RFC 1939's states and what moves between them. Commands act on it, the connection
// sends what they reply.

import type {
  AccountWatch,
  Authenticator,
  LoggedInAccount,
} from '#shared/contracts/authenticate.ts'
import type { Passage } from '#shared/contracts/source.ts'
import type { MailboxReader } from '#shared/mailbox/port.ts'
import type { MessageOpener } from '#shared/message/message-opener.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { RepeatedLines } from '#shared/net/repeated-lines.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import { clearPasswordsAllowed } from '#shared/sasl/clear-text.ts'
import { type Mechanism, offeredMechanisms } from '#shared/sasl/sasl-exchange.ts'
import type { Pop3Options } from './config.ts'
import type { Maildrop } from './maildrop.ts'
import type { MaildropLock } from './maildrop-lock.ts'
import { replies, type StatusReply } from './replies.ts'

export type SessionState = Authorization | Transaction | Update | AtSource

export type Authorization = {
  readonly kind: 'AUTHORIZATION'
  /** Name given by USER, waiting for its PASS. */
  readonly user: string | null
}

export type Transaction = {
  readonly kind: 'TRANSACTION'
  readonly maildrop: Maildrop
  readonly lock: AsyncDisposable
}

/** Marked messages are being removed; no command is taken any more (RFC 1939 §6). */
export type Update = { readonly kind: 'UPDATE' }

/** The session goes on at the old server of the account. */
export type AtSource = { readonly kind: 'at the source'; readonly passage: Passage }

export type SessionDeps = {
  readonly options: Pop3Options
  readonly mailboxes: MailboxReader & MessageOpener
  readonly authenticator: Authenticator
  readonly accountWatch: AccountWatch
  readonly lock: MaildropLock
  readonly clock: Clock
  readonly log: Log
  readonly lines: RepeatedLines
  readonly hostname: string
}

/** What the connection under a session is; `clear` may become `tls` by STLS. */
export type SessionTransport = {
  readonly security: 'clear' | 'tls'
  /** Whether STLS can be answered. */
  readonly tlsAvailable: boolean
  /** With TLS. */
  readonly channelBindings: ChannelBindings | undefined
  /** IPv4 addresses in dotted form, never mapped into IPv6. */
  readonly remoteAddress: string
}

export class Session {
  readonly deps: SessionDeps
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal
  transport: SessionTransport
  log: Log
  /** RFC 6856 §2: set by UTF8. Changes nothing that we send: see README.md, "Standards". */
  utf8 = false
  authFailures = 0
  loggedIn = false
  readonly counts = { retrieved: 0, topped: 0, deleted: 0, octets: 0 }
  /** Called when the account must not be served any longer. Set by the connection. */
  onAccountEnd: () => void = () => {}
  #watching: { close(): void } | undefined
  /** In a row. */
  #misuses = 0
  #state: SessionState = { kind: 'AUTHORIZATION', user: null }

  constructor(deps: SessionDeps, transport: SessionTransport, signal: AbortSignal) {
    this.deps = deps
    this.transport = transport
    this.signal = signal
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

  /** AUTHORIZATION → AUTHORIZATION */
  setUser(user: string | null): void {
    this.#state = { kind: 'AUTHORIZATION', user }
  }

  /** RFC 2595 §4: nothing learnt in clear outlives the handshake. */
  tlsStarted(channelBindings: ChannelBindings): void {
    this.transport = { ...this.transport, security: 'tls', channelBindings }
    this.setUser(null)
  }

  /** AUTHORIZATION → TRANSACTION */
  enterTransaction(account: LoggedInAccount, transaction: Omit<Transaction, 'kind'>): void {
    this.#watch(account)
    this.#state = { kind: 'TRANSACTION', ...transaction }
  }

  /** AUTHORIZATION → the states of another server */
  goOnAtSource(account: LoggedInAccount, passage: Passage): void {
    this.#watch(account)
    this.#state = { kind: 'at the source', passage }
  }

  #watch(account: LoggedInAccount): void {
    const { remoteAddress } = this.transport
    const place = { service: 'pop3', remoteAddress } as const
    this.#watching = this.deps.accountWatch.watch(account, () => this.onAccountEnd(), place)
    this.loggedIn = true
  }

  /** TRANSACTION → UPDATE: removes what is marked. Rejects when not all of it could be. */
  async update({ maildrop, lock }: Transaction): Promise<void> {
    this.#state = { kind: 'UPDATE' }
    try {
      const uids = maildrop.markedUids()
      if (uids.length === 0) return
      const removed = await this.deps.mailboxes.expunge(maildrop.folder, uids)
      this.counts.deleted = removed.length
    } finally {
      await this.release(lock)
    }
  }

  /** The connection is gone: without QUIT nothing is removed (RFC 1939 §6). */
  async abandon(): Promise<void> {
    const state = this.#state
    this.#watching?.close()
    this.#state = { kind: 'UPDATE' }
    if (state.kind === 'TRANSACTION') await this.release(state.lock)
  }

  /** Never rejects: a lock that cannot be released changes nothing about what was done under it. */
  async release(lock: AsyncDisposable): Promise<void> {
    try {
      await lock[Symbol.asyncDispose]()
    } catch (error) {
      this.log.error({ error }, 'maildrop lock not released')
    }
  }

  /** What is a command ends the run of what is none. */
  forgetMisuses(): void {
    this.#misuses = 0
  }

  /** A client that keeps sending what is no valid command is none. */
  countMisuse(reply: StatusReply): StatusReply {
    this.#misuses += 1
    return this.#misuses > this.deps.options.commandErrorsMax ? replies.tooManyErrors : reply
  }

  /** Of AUTH. LOGIN, which is no standard, is for clients that know no better; those of POP3 have USER. */
  get mechanisms(): readonly Mechanism[] {
    const { plaintextAllowed: passwordsAllowed, transport } = this
    const { channelBindings } = transport
    const { authMechanisms: allowed } = this.deps.options
    const offered = offeredMechanisms({ allowed, passwordsAllowed, channelBindings })
    return offered.filter((name) => name !== 'LOGIN')
  }

  /** Whether passwords may be sent now. */
  get plaintextAllowed(): boolean {
    if (this.transport.security === 'tls') return true
    const { disablePlaintextAuth } = this.deps.options
    return clearPasswordsAllowed(disablePlaintextAuth, this.transport.remoteAddress)
  }
}
