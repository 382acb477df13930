// What the POP3 listener can be told, with its defaults and limits.

import type { Endpoint } from '#shared/net/tcp-listener.ts'
import type { TlsPolicy } from '#shared/net/tls/tls-options.ts'
import type { DisablePlaintextAuth } from '#shared/sasl/clear-text.ts'
import { type Mechanism, mechanismNames, withoutIssuer } from '#shared/sasl/sasl-exchange.ts'

export type Pop3Options = {
  readonly endpoints: readonly Endpoint[]
  readonly tls: TlsPolicy
  readonly disablePlaintextAuth: DisablePlaintextAuth
  readonly authMechanisms: readonly Mechanism[]
  /** One session for an account at a time; others get [IN-USE]. Not needed for safety: see README.md, "Security". */
  readonly lockMaildrop: boolean
  readonly connectionCountLimit: number
  readonly clientConnectionCountLimit: number
  /** Failed logins in one session; after the last the answer is held back and the session ends. */
  readonly loginFailuresMax: number
  readonly authFailureDelayMs: number
  /** Unknown, misplaced or malformed commands in a row, then the session ends. */
  readonly commandErrorsMax: number
  /** From connection to login. Deliberately shorter than RFC 1939 §3 asks: who has not logged in has nothing to lose. */
  readonly loginTimeoutMs: number
  /** Without a command after login; at least IDLE_TIMEOUT_MS_MIN. */
  readonly idleTimeoutMs: number
  /** Without the client taking anything of what it asked for. */
  readonly writeTimeoutMs: number
}

/** RFC 1939 §3: the inactivity timer must be at least 10 minutes. */
export const IDLE_TIMEOUT_MS_MIN = 10 * 60_000

/** All but the TLS policy, which is the same for all listeners and not decided here. */
export const pop3Defaults = {
  endpoints: [
    { host: '', port: 1110, tls: 'starttls' },
    { host: '', port: 1995, tls: 'implicit' },
  ],
  disablePlaintextAuth: 'yes',
  authMechanisms: withoutIssuer(mechanismNames),
  lockMaildrop: false,
  connectionCountLimit: 1_000,
  clientConnectionCountLimit: 50,
  loginFailuresMax: 3,
  authFailureDelayMs: 2_000,
  commandErrorsMax: 20,
  loginTimeoutMs: 3 * 60_000,
  idleTimeoutMs: IDLE_TIMEOUT_MS_MIN,
  writeTimeoutMs: 5 * 60_000,
} as const satisfies Omit<Pop3Options, 'tls'>

/** RFC 2449 §4: a command line with its CRLF. */
export const COMMAND_BYTES_MAX = 255
/** RFC 5034 §4: AUTH and its continuation lines must hold the longest response of the mechanisms offered. */
export const AUTH_LINE_BYTES_MAX = 12_288
/** Pipelined input held while a command runs; then the socket is paused. One read of the socket may come on top. */
export const PIPELINE_BYTES_MAX = 16_384
/** A reply of several pieces up to this size leaves in one write. */
export const COALESCED_BYTES_MAX = 65_536
/** Lines of LIST and UIDL joined into one write. */
export const LISTING_LINES_PER_WRITE = 1_000
/** After the last reply, how long the client may take to fetch it and close its end. */
export const LINGER_MS = 30_000
