// What the ManageSieve listener can be told, with its defaults and limits.

import type { Endpoint } from '#shared/net/tcp-listener.ts'
import type { TlsPolicy } from '#shared/net/tls/tls-options.ts'
import type { DisablePlaintextAuth } from '#shared/sasl/clear-text.ts'
import { type Mechanism, mechanismNames, withoutIssuer } from '#shared/sasl/sasl-exchange.ts'
import { SCRIPT_BYTES_MAX } from '#shared/sieve/limits.ts'

export type ManageSieveOptions = {
  readonly endpoints: readonly Endpoint[]
  readonly tls: TlsPolicy
  readonly disablePlaintextAuth: DisablePlaintextAuth
  readonly authMechanisms: readonly Mechanism[]
  readonly connectionCountLimit: number
  readonly clientConnectionCountLimit: number
  /** Sessions of one account at a time. */
  readonly accountConnectionCountLimit: number
  /** Failed logins of one connection; after the last the answer is held back and the session ends. */
  readonly loginFailuresMax: number
  readonly authFailureDelayMs: number
  readonly loginTimeoutMs: number
  /** Without a command after login; at least IDLE_TIMEOUT_MS_MIN. */
  readonly idleTimeoutMs: number
  /** Without the client taking anything of what it asked for. */
  readonly writeTimeoutMs: number
}

/** RFC 5804 §1.2: the inactivity timer must be at least 30 minutes after login. */
export const IDLE_TIMEOUT_MS_MIN = 30 * 60_000

/** All but the TLS policy, which is the same for all listeners and not decided here. */
export const manageSieveDefaults = {
  endpoints: [{ host: '', port: 4190, tls: 'starttls' }],
  disablePlaintextAuth: 'yes',
  authMechanisms: withoutIssuer(mechanismNames),
  connectionCountLimit: 1_000,
  clientConnectionCountLimit: 50,
  accountConnectionCountLimit: 10,
  loginFailuresMax: 3,
  authFailureDelayMs: 2_000,
  loginTimeoutMs: 3 * 60_000,
  idleTimeoutMs: IDLE_TIMEOUT_MS_MIN,
  writeTimeoutMs: 5 * 60_000,
} as const satisfies Omit<ManageSieveOptions, 'tls'>

/** Commands refused for their grammar or state in a row, and all commands of a connection before its login; then it ends. */
export const BAD_COMMANDS_MAX = 50
/** A line without its end: a string in quotes may be a token of OAuth, a script of a few lines, or a name. */
export const LINE_BYTES_MAX = 16_384
/** Before a login: the longest response of a mechanism (RFC 7628). */
export const UNAUTHENTICATED_LITERAL_BYTES_MAX = 12_288
export const UNAUTHENTICATED_COMMAND_BYTES_MAX = 24_576
/** A script, and whatever stands before it. */
export const LITERAL_BYTES_MAX = SCRIPT_BYTES_MAX
export const COMMAND_BYTES_MAX = SCRIPT_BYTES_MAX + LINE_BYTES_MAX
export const LITERALS_MAX = 4
/** Of a literal that is refused: read and forgotten up to here, so that the session goes on. Longer ones end it. */
export const SKIPPED_BYTES_MAX = 4 * 1024 * 1024
/** Input held while a command runs; then the socket is paused. One read of the socket may come on top. */
export const PIPELINE_BYTES_MAX = 64 * 1024
/** After our end of the stream is closed, how long the client may take to close its own. */
export const LINGER_MS = 5_000
/** Octets between the quotes of a string (RFC 5804 §4); longer ones are sent as literals. */
export const QUOTED_BYTES_MAX = 1_024
/** Of what is said of one script: all that is wrong with it, and more than anybody reads at once. */
export const FINDINGS_BYTES_MAX = 16_384
