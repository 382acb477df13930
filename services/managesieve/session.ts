// A ManageSieve session without its socket: who is logged in, and what that allows. Commands act on it, the connection sends what
// they reply.

import type { AccountSessions } from '#shared/auth/account-sessions.ts'
import type {
  AccountWatch,
  Authenticator,
  LoggedInAccount,
  WatchedSession,
} from '#shared/contracts/authenticate.ts'
import type { Passage } from '#shared/contracts/source.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { RepeatedLines } from '#shared/net/repeated-lines.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import type { ByteBudget } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import { clearPasswordsAllowed } from '#shared/sasl/clear-text.ts'
import { type Mechanism, offeredMechanisms } from '#shared/sasl/sasl-exchange.ts'
import type { ScriptShelf } from '#shared/sieve/shelf.ts'
import type { ManageSieveOptions } from './config.ts'

/** What scripts are kept on and may say; as the settings are now. */
export type Sieve = {
  readonly shelf: ScriptShelf
  /** Names for `require`, in the order in which they are announced. */
  readonly extensions: readonly string[]
  readonly maxRedirects: number
}

export type SessionDeps = {
  readonly options: ManageSieveOptions
  readonly sieve: () => Sieve
  readonly authenticator: Authenticator
  readonly accountWatch: AccountWatch
  readonly accountSessions: AccountSessions
  /** For commands that are not whole yet. */
  readonly memory: ByteBudget
  readonly clock: Clock
  readonly log: Log
  readonly lines: RepeatedLines
  readonly hostname: string
}

/** What the connection under a session is; `clear` may become `tls` by STARTTLS. */
export type SessionTransport = {
  readonly security: 'clear' | 'tls'
  /** Whether STARTTLS can be answered. */
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
  /** RFC 5804 §1.7: what was announced does not change while nobody logs in or out. */
  readonly announced: Pick<Sieve, 'extensions' | 'maxRedirects'>
  transport: SessionTransport
  log: Log
  /** Since the last good login. */
  authFailures = 0
  /** Somebody was, at some time. */
  wasLoggedIn = false
  readonly counts = { stored: 0, fetched: 0, removed: 0 }
  /** Where it goes on; undefined: here. */
  passage: Passage | undefined
  /** Called when the account must not be served any longer. Set by the connection. */
  onAccountEnd: () => void = () => {}
  #account: LoggedInAccount | undefined
  #watching: WatchedSession | undefined

  constructor(deps: SessionDeps, transport: SessionTransport, signal: AbortSignal) {
    this.deps = deps
    this.transport = transport
    this.signal = signal
    const { extensions, maxRedirects } = deps.sieve()
    this.announced = { extensions, maxRedirects }
    this.log = deps.log.child({ remoteAddress: transport.remoteAddress })
  }

  /** For what a client can make us say as fast as it likes. */
  logRepeated(fields: LogFields, message: string): void {
    const { lines } = this.deps
    lines.write(clientNetwork(this.transport.remoteAddress), this.log, fields, message)
  }

  get account(): LoggedInAccount | undefined {
    return this.#account
  }

  get shelf(): ScriptShelf {
    return this.deps.sieve().shelf
  }

  /** False when the account has as many sessions as it may. */
  logIn(account: LoggedInAccount): boolean {
    if (!this.deps.accountSessions.enter(account.id)) return false
    const { remoteAddress } = this.transport
    const place = { service: 'managesieve', remoteAddress } as const
    this.#account = account
    this.#watching = this.deps.accountWatch.watch(account, () => this.onAccountEnd(), place)
    this.log = this.log.child({ account: account.login })
    this.authFailures = 0
    this.wasLoggedIn = true
    return true
  }

  /** UNAUTHENTICATE, or the end. */
  logOut(): void {
    this.#watching?.close()
    this.#watching = undefined
    if (this.#account !== undefined) this.deps.accountSessions.leave(this.#account.id)
    this.#account = undefined
    this.log = this.deps.log.child({ remoteAddress: this.transport.remoteAddress })
  }

  /**
   * What AUTHENTICATE takes now. Deliberately nothing in clear, SCRAM neither, where STARTTLS is offered and passwords are not let
   * through: scripts say who writes to whom, and whoever manages them does so over TLS. RFC 5804 §1.7 allows an empty list just there.
   */
  get mechanisms(): readonly Mechanism[] {
    const passwordsAllowed = this.#plaintextAllowed
    if (!passwordsAllowed && this.transport.tlsAvailable) return []
    const { channelBindings } = this.transport
    const { authMechanisms: allowed } = this.deps.options
    return offeredMechanisms({ allowed, passwordsAllowed, channelBindings })
  }

  get #plaintextAllowed(): boolean {
    if (this.transport.security === 'tls') return true
    const { disablePlaintextAuth } = this.deps.options
    return clearPasswordsAllowed(disablePlaintextAuth, this.transport.remoteAddress)
  }
}
