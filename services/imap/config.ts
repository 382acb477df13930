// What the IMAP listener can be told, with its defaults and limits.

import type { Endpoint } from '#shared/net/tcp-listener.ts'
import type { TlsPolicy } from '#shared/net/tls/tls-options.ts'
import type { DisablePlaintextAuth } from '#shared/sasl/clear-text.ts'
import { type Mechanism, mechanismNames, withoutIssuer } from '#shared/sasl/sasl-exchange.ts'

export type ImapOptions = {
  readonly endpoints: readonly Endpoint[]
  readonly tls: TlsPolicy
  readonly disablePlaintextAuth: DisablePlaintextAuth
  readonly authMechanisms: readonly Mechanism[]
  /** Largest message APPEND takes (RFC 7889). */
  readonly messageSizeLimit: number
  /** Whether users may give rights to `anyone` and `authenticated`. */
  readonly aclAnyone: boolean
  /** Messages one command works on (RFC 9738). */
  readonly messageLimit: number
  /** Where scripts are managed (RFC 5804 §3), null for nowhere. */
  readonly sieveUrl: string | null
  /** Mailboxes whose messages one session watches with NOTIFY (RFC 5465 §5.8). */
  readonly notifyMailboxesMax: number
  readonly connectionCountLimit: number
  readonly clientConnectionCountLimit: number
  /** Sessions of one account at a time. */
  readonly accountConnectionCountLimit: number
  /** Failed logins of one connection; then it ends. */
  readonly loginFailuresMax: number
  readonly loginTimeoutMs: number
  /** Without a command after login; RFC 9051 §5.4 asks for at least 30 minutes. */
  readonly idleTimeoutMs: number
  /** Without the client taking anything of what it asked for. */
  readonly writeTimeoutMs: number
  /** How often an idling session looks by itself, should every hint have been lost. */
  readonly safetyPollMs: number
}

export const imapDefaults = {
  endpoints: [
    { host: '', port: 1143, tls: 'starttls' },
    { host: '', port: 1993, tls: 'implicit' },
  ],
  tls: { minVersion: 'TLSv1.2' },
  disablePlaintextAuth: 'yes',
  authMechanisms: withoutIssuer(mechanismNames),
  messageSizeLimit: 10 * 1024 * 1024,
  aclAnyone: false,
  // Clients that do not know the limit take what they are not told of for expunged: far above any mailbox there is.
  messageLimit: 1_000_000,
  sieveUrl: null,
  notifyMailboxesMax: 1_000,
  connectionCountLimit: 5_000,
  clientConnectionCountLimit: 100,
  accountConnectionCountLimit: 50,
  loginFailuresMax: 3,
  loginTimeoutMs: 3 * 60_000,
  // IDLE is re-issued every 29 minutes (RFC 2177 §3); a little more than that.
  idleTimeoutMs: 31 * 60_000,
  writeTimeoutMs: 5 * 60_000,
  safetyPollMs: 5 * 60_000,
} as const satisfies ImapOptions

/** BAD answers in a row, and all commands of a connection before its login; then it ends. */
export const BAD_COMMANDS_MAX = 50
/** Before a login: a line, a literal (login or password), and all of a command. ID may have 30 × 1,054 octets (RFC 2971 §3.3). */
export const UNAUTHENTICATED_LINE_BYTES_MAX = 32_768
export const UNAUTHENTICATED_LITERAL_BYTES_MAX = 4_096
export const UNAUTHENTICATED_COMMAND_BYTES_MAX = 32_768
/** Input held while a command runs; then the socket is paused. */
export const PIPELINE_BYTES_MAX = 64 * 1024
/** After our end of the stream is closed, how long the client may take to close its own. */
export const LINGER_MS = 5_000
/** After news were told, how long an idling client is told nothing more: what comes meanwhile is told together. */
export const HINT_GATHER_MS = 20
/** After a temporary failure an idling session looks again. */
export const IDLE_RETRY_MS = 5_000
