// What is known of one SMTP session, and the transitions between its states. Knows no sockets: commands act on it and the
// connection carries out what they answer.

import type { AccountSessions } from '#shared/auth/account-sessions.ts'
import type {
  AccountWatch,
  Authenticator,
  LoggedInAccount,
} from '#shared/contracts/authenticate.ts'
import type { ContentStage } from '#shared/contracts/content.ts'
import type { DialogueClient, DialogueFilter, DialogueFilters } from '#shared/contracts/milter.ts'
import type { Judged, Policy } from '#shared/contracts/policy.ts'
import type { Origin, Spool } from '#shared/contracts/spool.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { RepeatedLines } from '#shared/net/repeated-lines.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import { clearPasswordsAllowed } from '#shared/sasl/clear-text.ts'
import { type Mechanism, offeredMechanisms } from '#shared/sasl/sasl-exchange.ts'
import type { MailCommand } from '#shared/smtp/mail-command.ts'
import type { CommandOptions } from '#shared/smtp/parameters.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import type { ClientRates, Event } from './client-rates.ts'
import { JUNK_COMMANDS_MAX, type SmtpOptions } from './config.ts'
import type { HarvestLimit } from './harvest-limit.ts'
import type { ClientPaths, Paths } from './paths.ts'
import { replies } from './replies.ts'
import { beginTransaction, type Transaction } from './transaction.ts'

export type SmtpDeps = {
  readonly spool: Spool
  readonly policy: Policy
  /** What else looks at messages; undefined: nothing does. */
  readonly content?: ContentStage | undefined
  /** Who hears the dialogue; undefined: nobody does. */
  readonly filters?: DialogueFilters | undefined
  readonly authenticator: Authenticator
  readonly accountWatch: AccountWatch
  /** Undefined: STARTTLS is not offered. */
  readonly certificates: CertificateSource | undefined
  /** PEM; of whom clients may have certificates, where they are asked. Undefined: the usual public ones. */
  readonly clientAuthorities?: string | undefined
  readonly rates: Rates
  /** Default: those of this listener alone. */
  readonly accountSessions?: AccountSessions
  readonly clock: Clock
  readonly log: Log
  /** Name in the greeting and in Received fields. */
  readonly hostname: string
}

/** What all sessions of a listener share. */
export type SharedLimits = {
  readonly harvest: HarvestLimit
  readonly rates: ClientRates
  readonly accountSessions: AccountSessions
  readonly lines: RepeatedLines
  readonly paths: Paths
}

type Peer = {
  readonly remoteAddress: string
  readonly remotePort: number
  /** The address of ours that it connected to. */
  readonly localAddress?: string
  readonly localPort?: number
}

type Helo = { readonly name: string; readonly extended: boolean }

export class SmtpSession {
  readonly options: SmtpOptions
  readonly deps: SmtpDeps
  readonly harvest: HarvestLimit
  readonly rates: ClientRates
  readonly paths: ClientPaths
  readonly #lines: RepeatedLines
  readonly #accountSessions: AccountSessions
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #local: { readonly localAddress: string; readonly localPort: number }
  log: Log
  /** Since the last accepted message. */
  errors = 0
  authFailures = 0
  /** Messages taken, for the line at its end. */
  accepted = 0
  #junkCommands = 0
  /** Called when the account must not be served any longer. Set by the connection. */
  onAccountEnd: () => void = () => {}
  #watching: { close(): void } | undefined
  #leave: (() => void) | undefined
  #tls: Origin['tls'] = null
  #channelBindings: ChannelBindings | undefined
  #helo: Helo | null = null
  #account: Origin['account'] = null
  /** SASL, by which it logged in. */
  #mechanism: Mechanism | undefined
  #dialogue: DialogueFilter | undefined
  #isOver = false
  #transaction: Transaction | null = null
  #origin: Origin | undefined
  #sentAhead = false
  /** What policy found before there was a transaction, where it did not wait for RCPT. */
  readonly #judged: { connect?: Judged | undefined; helo?: Judged | undefined } = {}
  /** It was refused when it connected: of it nothing but QUIT is heard. */
  isDenied = false

  constructor(
    options: SmtpOptions,
    deps: SmtpDeps,
    { harvest, rates, accountSessions, lines, paths }: SharedLimits,
    peer: Peer,
  ) {
    this.options = options
    this.deps = deps
    this.harvest = harvest
    this.rates = rates
    this.paths = paths.of(peer)
    this.#lines = lines
    this.#accountSessions = accountSessions
    this.remoteAddress = peer.remoteAddress
    this.remotePort = peer.remotePort
    this.#local = { localAddress: peer.localAddress ?? '', localPort: peer.localPort ?? 0 }
    this.log = deps.log.child({ listener: options.role, remoteAddress: peer.remoteAddress })
  }

  get helo(): Helo | null {
    return this.#helo
  }

  get tls(): Origin['tls'] {
    return this.#tls
  }

  get channelBindings(): ChannelBindings | undefined {
    return this.#channelBindings
  }

  get account(): Origin['account'] {
    return this.#account
  }

  /** How its MAIL and RCPT are read. */
  get syntax(): CommandOptions {
    return this.paths.syntax({ isLoggedIn: this.#account !== null })
  }

  /** Filters that hear what it says; from the first command on that they hear of. */
  get dialogue(): DialogueFilter | undefined {
    if (!this.#isOver) this.#dialogue ??= this.deps.filters?.open(this)
    return this.#dialogue
  }

  get isHeardByFilters(): boolean {
    return this.#dialogue !== undefined
  }

  dialogueClient(): DialogueClient {
    const [mechanism, localAddress] = [this.#mechanism, this.#local.localAddress || undefined]
    return { origin: this.origin(), mechanism, localAddress }
  }

  get transaction(): Transaction | null {
    return this.#transaction
  }

  /** Submission: who is not logged in cannot send. */
  get needsLogin(): boolean {
    return this.#isSubmission && this.#account === null
  }

  /** DATA and BDAT when no recipient was taken. */
  get noValidRecipients(): Reply {
    return this.options.role === 'lmtp' ? replies.noValidLmtpRecipients : replies.noValidRecipients
  }

  /** Whether there is AUTH at all. */
  get takesLogins(): boolean {
    const { role, smtpdSaslAuthEnable } = this.options
    return this.#isSubmission || (role === 'smtp' && smtpdSaslAuthEnable)
  }

  get #isSubmission(): boolean {
    return this.options.role === 'submission' || this.options.role === 'submissions'
  }

  /** RFC 8689 §2: within TLS; what goes through a filter by SMTP comes back without it. */
  get offersRequireTls(): boolean {
    return this.tls !== null && this.options.contentFilter === ''
  }

  /** Submission: nothing but STARTTLS comes before TLS (RFC 3207 §4), except where even passwords may cross in clear. */
  get needsTls(): boolean {
    if (this.options.role !== 'submission' || !this.options.submissionRequireTls) return false
    return this.#tls === null && !this.passwordsAllowed
  }

  /** What AUTH offers now. */
  get mechanisms(): readonly Mechanism[] {
    if (!this.takesLogins || this.needsTls) return []
    const { passwordsAllowed, channelBindings } = this
    const { authMechanisms: allowed } = this.options
    return offeredMechanisms({ allowed, passwordsAllowed, channelBindings })
  }

  /** Whether passwords may be sent now. */
  get passwordsAllowed(): boolean {
    if (this.#tls !== null) return true
    return clearPasswordsAllowed(this.options.disablePlaintextAuth, this.remoteAddress)
  }

  /** RFC 3207 §4.2: what was said in clear is forgotten. */
  secure(tls: NonNullable<Origin['tls']>, channelBindings: ChannelBindings): void {
    this.greet(null)
    this.#leaveAccount()
    this.#mechanism = undefined
    this.#tls = tls
    const { clientCertificate } = tls
    if (clientCertificate) this.logRepeated({ clientCertificate }, 'client certificate')
    this.#channelBindings = channelBindings
  }

  /** RFC 5321 §4.1.4: EHLO ends a transaction as RSET does. */
  greet(helo: Helo | null): void {
    this.endTransaction()
    this.#helo = helo
    this.#origin = undefined
    this.#judged.helo = undefined
  }

  /** What the next transaction begins with. */
  get judged(): Judged | undefined {
    return this.#transaction?.judged ?? this.#judged.helo ?? this.#judged.connect
  }

  keepJudged(stage: 'connect' | 'helo', judged: Judged): void {
    this.#judged[stage] = judged
  }

  /** False where the account has as many sessions as it may. */
  authenticate(account: LoggedInAccount, mechanism: Mechanism): boolean {
    // It left meanwhile: nobody would ever end what begins here.
    if (this.#isOver) return true
    if (!this.#accountSessions.enter(account.id)) return false
    this.#account = account
    this.#mechanism = mechanism
    this.#leave = () => this.#accountSessions.leave(account.id)
    const place = { service: 'smtp', remoteAddress: this.remoteAddress } as const
    this.#watching = this.deps.accountWatch.watch(account, () => this.onAccountEnd(), place)
    this.#origin = undefined
    this.log = this.log.child({ account: account.login })
    return true
  }

  #leaveAccount(): void {
    this.#watching?.close()
    this.#leave?.()
    this.#leave = undefined
    this.#account = null
  }

  begin(mail: MailCommand): void {
    const judged = this.judged
    this.#transaction = { ...beginTransaction(this.deps.spool.newQueueId(), mail), judged }
  }

  /** A message whose bytes are not complete is given up. */
  endTransaction(): void {
    this.#transaction?.receipt?.abort('transaction ended')
    if (this.#transaction) this.#dialogue?.abort()
    this.#transaction = null
  }

  /** For what a client can make us say as fast as it likes. */
  logRepeated(fields: LogFields, message: string): void {
    this.#lines.write(clientNetwork(this.remoteAddress), this.log, fields, message)
  }

  /** One event more of this client, which is logged where there are too many. */
  takes(event: Event): boolean {
    const restriction = this.rates.take(event, this)
    if (restriction !== undefined) this.logRepeated({ restriction }, 'too many in this time')
    return restriction === undefined
  }

  noteError(): void {
    this.errors += 1
    this.rates.note('errors', this)
  }

  /** Whether its replies have to wait: for its own errors, or for those of others of its network. */
  get isSlowedDown(): boolean {
    return (
      this.errors >= this.options.smtpdSoftErrorLimit ||
      this.rates.over('errors', this) !== undefined
    )
  }

  /** As if it had made the errors: from now on each reply waits. */
  slowDown(): void {
    this.errors = Math.max(this.errors, this.options.smtpdSoftErrorLimit)
  }

  /** A command that brings no message further. */
  noteJunk(): void {
    this.#junkCommands += 1
    if (this.#junkCommands > JUNK_COMMANDS_MAX) this.errors += 1
  }

  end(): void {
    this.endTransaction()
    this.#isOver = true
    this.#dialogue?.close()
    this.#leaveAccount()
  }

  noteAccepted(): void {
    this.accepted += 1
    this.errors = 0
    this.#junkCommands = 0
  }

  /** It sent on before the reply that it must wait for (RFC 2920 §3.1), or before the greeting. */
  noteSentAhead(): void {
    if (!this.#sentAhead) this.#origin = undefined
    this.#sentAhead = true
  }

  origin(): Origin {
    this.#origin ??= {
      listener: this.options.role,
      remoteAddress: this.remoteAddress,
      remotePort: this.remotePort,
      helo: this.#helo?.name ?? '',
      tls: this.#tls,
      account: this.#account,
      ...(this.#sentAhead && { sentAhead: true }),
      dialogue: {
        extended: this.#helo?.extended ?? false,
        ...this.#local,
        ...(this.#mechanism && { mechanism: this.#mechanism }),
      },
    }
    return this.#origin
  }
}
