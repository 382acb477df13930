// What an SMTP listener can be told, and the limits that no operator needs to turn.

import type { TlsPolicy } from '#shared/net/tls/tls-options.ts'
import type { DisablePlaintextAuth } from '#shared/sasl/clear-text.ts'
import { type Mechanism, mechanismNames, withoutIssuer } from '#shared/sasl/sasl-exchange.ts'

export type SmtpRole =
  /** Mail from other servers: STARTTLS offered, no logins unless `smtpdSaslAuthEnable` says so. */
  | 'smtp'
  /** Mail from users: STARTTLS, then a login (RFC 6409). */
  | 'submission'
  /** The same with TLS from the first byte (RFC 8314 §3.3). */
  | 'submissions'
  /** Mail from filters and other software of ours: LMTP (RFC 2033), an answer for each recipient. */
  | 'lmtp'
  /** Mail that comes back from a content filter: taken from whoever may connect, for anybody, as it is. */
  | 'reinjection'

export type SmtpOptions = {
  readonly role: SmtpRole
  /** Empty for all addresses of the machine. */
  readonly address: string
  /** Served with the same limits. */
  readonly otherAddresses: readonly string[]
  /** 0 for any free one; then another for each address. */
  readonly port: number
  /** Begins with the host name; undefined for one that says what this is. */
  readonly smtpdBanner: string | undefined
  readonly messageSizeLimit: number
  readonly smtpdRecipientLimit: number
  /** Errors of one session since the last accepted message; from this one on each reply waits. */
  readonly smtpdSoftErrorLimit: number
  readonly smtpdErrorSleepTimeMs: number
  /** This one is the last. */
  readonly smtpdErrorLimit: number
  /** Recipients that do not exist, of one network within the window. */
  readonly clientUnknownRecipientLimit: number
  readonly clientUnknownRecipientWindowMs: number
  /** What the rates that follow are meant for. Of all rates 0 is no limit. */
  readonly anvilRateTimeUnitMs: number
  readonly smtpdClientConnectionRateLimit: number
  readonly smtpdClientMessageRateLimit: number
  readonly smtpdClientRecipientRateLimit: number
  readonly smtpdClientNewTlsSessionRateLimit: number
  readonly smtpdClientAuthRateLimit: number
  readonly smtpdClientByteRateLimit: number
  /** 5xx replies over all sessions; from this one on each reply waits. */
  readonly smtpdClientErrorRateLimit: number
  /** Of a network around a client, to the client's. */
  readonly smtpdNetworkRateFactor: number
  readonly smtpdAccountMessageRateLimit: number
  readonly smtpdAccountRecipientRateLimit: number
  readonly smtpdSenderDomainMessageRateLimit: number
  readonly smtpdRecipientMessageRateLimit: number
  /** Sessions of one account at the same time; 0 for no limit. */
  readonly smtpdAccountConnectionCountLimit: number
  /** Clients without rates, besides `mynetworks`. */
  readonly smtpdClientEventLimitExceptions: readonly string[]
  /** Before the greeting, for strangers on the listener `smtp`. */
  readonly smtpdGreetPauseMs: number
  readonly smtpdGreetAction: 'ignore' | 'flag' | 'drop'
  /** Clients to whom no limit for networks applies. */
  readonly mynetworks: readonly string[]
  /** Whether policy holds whoever logged in to its own addresses, and therefore wants to know a message's authors. */
  readonly smtpdRejectSenderLoginMismatch: boolean
  readonly smtpdSaslAuthenticatedHeader: boolean
  /** Bytes of a line in what is sent on; 0 for no limit. */
  readonly smtpLineLengthLimit: number
  readonly smtpdHeloRequired: boolean
  /** Whether policy is asked about client, HELO and sender only when the recipient is known. */
  readonly smtpdDelayReject: boolean
  /** Whether every 5xx is told as 4xx. */
  readonly softBounce: boolean
  readonly strictRfc821Envelopes: boolean
  /** Completes addresses of our own clients that have no domain; '' for none. */
  readonly originDomain: string
  /** Completes their domains that have no dot; '' for none. */
  readonly appendedDomain: string
  /** Our addresses besides the one that a client connected to. */
  readonly proxyInterfaces: readonly string[]
  /** Who may speak LMTP, besides `mynetworks`. */
  readonly lmtpTrustedNetworks: readonly string[]
  /** Who may connect to the listener `reinjection`; nobody else, not even `mynetworks`. */
  readonly reinjectionTrustedNetworks: readonly string[]
  /** Where every message goes first of which policy says nothing else, `transport:destination`; '' for none. */
  readonly contentFilter: string
  readonly disableVrfyCommand: boolean
  /** RFC 3461: what senders wish to be told is kept for whoever tells them. Without it its parameters are unknown. */
  readonly offersDsn: boolean
  readonly disablePlaintextAuth: DisablePlaintextAuth
  readonly authMechanisms: readonly Mechanism[]
  /** Logins on the listener `smtp` too. */
  readonly smtpdSaslAuthEnable: boolean
  readonly brokenSaslAuthClients: boolean
  /** Clients are asked for a certificate, which is named and permits nothing. */
  readonly smtpdTlsAskCcert: boolean
  /** Submission without TLS gets no further than STARTTLS, except where `disablePlaintextAuth` lets it log in. */
  readonly submissionRequireTls: boolean
  readonly tls: TlsPolicy
  /** In this time a client must complete a command, or send PROGRESS_BYTES_MIN of a message. */
  readonly smtpdTimeoutMs: number
  readonly connectionCountLimit: number
  readonly clientConnectionCountLimit: number
  /** Connections from these networks begin with a PROXY header. */
  readonly proxyTrustedNetworks: readonly string[]
}

export const smtpDefaults = {
  address: '',
  otherAddresses: [],
  port: 0,
  smtpdBanner: undefined,
  messageSizeLimit: 10 * 1024 * 1024,
  smtpdRecipientLimit: 1_000,
  smtpdSoftErrorLimit: 10,
  smtpdErrorSleepTimeMs: 1_000,
  smtpdErrorLimit: 20,
  clientUnknownRecipientLimit: 100,
  clientUnknownRecipientWindowMs: 600_000,
  anvilRateTimeUnitMs: 60_000,
  smtpdClientConnectionRateLimit: 300,
  smtpdClientMessageRateLimit: 600,
  smtpdClientRecipientRateLimit: 3_000,
  smtpdClientNewTlsSessionRateLimit: 300,
  smtpdClientAuthRateLimit: 0,
  smtpdClientByteRateLimit: 2 * 1024 ** 3,
  smtpdClientErrorRateLimit: 100,
  smtpdNetworkRateFactor: 8,
  smtpdAccountMessageRateLimit: 100,
  smtpdAccountRecipientRateLimit: 1_000,
  smtpdAccountConnectionCountLimit: 50,
  smtpdSenderDomainMessageRateLimit: 0,
  smtpdRecipientMessageRateLimit: 0,
  smtpdClientEventLimitExceptions: ['127.0.0.0/8', '::1/128'],
  smtpdGreetPauseMs: 0,
  smtpdGreetAction: 'drop',
  mynetworks: [],
  smtpdRejectSenderLoginMismatch: true,
  smtpdSaslAuthenticatedHeader: true,
  smtpLineLengthLimit: 998,
  smtpdHeloRequired: true,
  smtpdDelayReject: true,
  softBounce: false,
  strictRfc821Envelopes: false,
  originDomain: '',
  appendedDomain: '',
  proxyInterfaces: [],
  lmtpTrustedNetworks: ['127.0.0.0/8', '::1/128'],
  reinjectionTrustedNetworks: ['127.0.0.0/8', '::1/128'],
  contentFilter: '',
  disableVrfyCommand: true,
  offersDsn: false,
  disablePlaintextAuth: 'yes',
  authMechanisms: withoutIssuer(mechanismNames),
  smtpdSaslAuthEnable: false,
  brokenSaslAuthClients: false,
  smtpdTlsAskCcert: false,
  submissionRequireTls: true,
  tls: { minVersion: 'TLSv1.2' },
  smtpdTimeoutMs: 300_000,
  connectionCountLimit: 1_000,
  clientConnectionCountLimit: 50,
  proxyTrustedNetworks: [],
} as const satisfies Omit<SmtpOptions, 'role'>

/** Commands that bring no message further (NOOP, RSET, HELP, BDAT 0 …) before each further one is an error. */
export const JUNK_COMMANDS_MAX = 100
/** Failed logins of one session. */
export const LOGIN_FAILURES_MAX = 3
/** RCPT commands that are refused because the message has too many recipients before the session is closed. */
export const SURPLUS_RECIPIENTS_MAX = 1_000

/** What the mending of a header may make a message longer than `messageSizeLimit` says: its empty line, a few mbox lines. */
export const MENDING_BYTES_MAX = 1_024

/** Of a header that policy gets to see: enough for any but a hostile one, as every session may hold so much. */
export const HEADER_KEPT_BYTES_MAX = 64 * 1024

/**
 * Bytes of one message's envelope: addresses and what DSN adds to them. The queue item that holds them has 400,000 for this, the
 * index and the header fields put before the message. RFC 5321 §4.5.3.1.8 asks for 100 recipients, which take 160,000 at most.
 */
export const ENVELOPE_BYTES_MAX = 200_000
/** What each recipient counts besides its texts: names of attributes, NOTIFY. */
export const RECIPIENT_OVERHEAD_BYTES = 64

/**
 * CRLF included. RFC 5321 §4.5.3.1.4 asks for 512, and extensions add to it: SIZE 26, BODY 17, SMTPUTF8 10, RET and ENVID
 * 120, AUTH 500 to MAIL; NOTIFY and ORCPT 540 to RCPT.
 */
export const COMMAND_LINE_BYTES_MAX = 2_048
/** RFC 4954 §4: a line of an authentication exchange, CRLF included. */
export const AUTH_LINE_BYTES_MAX = 12_288

/** Bytes of a message that wait for the spool before the socket is no longer read. */
export const BUFFERED_BYTES_MAX = 256 * 1024
/** What each piece of them counts besides: a message may come in chunks of one byte. */
export const CHUNK_OVERHEAD_BYTES = 256
/** Bytes of a refused message that are read on to its end so that the session can continue; after that it is closed. */
export const DRAINED_BYTES_MAX = 256 * 1024 * 1024
/** What a client must send of a message within `smtpdTimeoutMs`. */
export const PROGRESS_BYTES_MIN = 64 * 1024
/** Replies held back for one write before they are sent anyway. */
export const HELD_REPLY_CHARACTERS_MAX = 16 * 1024
