// Opens an SMTP session with a host: greeting, EHLO, STARTTLS, AUTH. Everything that goes wrong here is worth a try with
// another host or at another time, a 5xx greeting too.

import type { Socket } from 'node:net'
import type { SMTPError } from 'nodemailer/lib/smtp-connection'
import { DOMAIN_BYTES_MAX } from '#shared/mail/domain.ts'
import { Connection } from './connection.ts'
import { deferred, type Failure, fromReply, temporary } from './outcome.ts'
import type { Timeouts } from './timeouts.ts'

export type Session = {
  readonly kind: 'session'
  readonly connection: Connection
  /** EHLO keywords in upper case and what follows them. */
  readonly extensions: ReadonlyMap<string, string>
  /** What the host calls itself in its answer to EHLO, in lower case. */
  readonly greetedBy: string
  readonly peer: string
}

export type Refusal = {
  readonly kind: 'refusal'
  readonly failure: Failure
  /** STARTTLS was offered and did not work. */
  readonly tlsFailed: boolean
}

export type SessionOptions = {
  readonly socket: Socket
  readonly host: string
  readonly port: number
  /** For replies and logs: `mx.example.net[192.0.2.1]:25`. */
  readonly peer: string
  /** What we say in EHLO. */
  readonly hostname: string
  readonly security: Security
  readonly timeouts: Timeouts
}

/**
 * clear: never STARTTLS. opportunistic: STARTTLS where offered, whoever's certificate. required: no mail and no password
 * without TLS and a certificate for the host's name.
 */
export type Security =
  | { readonly kind: 'clear' }
  | { readonly kind: 'opportunistic' }
  | { readonly kind: 'required'; readonly auth: RelayAuth; readonly ca: string | undefined }

export type RelayAuth = { readonly user: string; readonly password: string }

/** RFC 8314 §3.3: the port where TLS comes first. */
export const SUBMISSIONS_PORT = 465

export async function openSession(options: SessionOptions): Promise<Session | Refusal> {
  const { security, timeouts, peer } = options
  const connection = new Connection({
    connection: options.socket,
    host: options.host,
    name: options.hostname,
    secure: options.port === SUBMISSIONS_PORT && security.kind !== 'clear',
    ignoreTLS: security.kind === 'clear',
    requireTLS: security.kind === 'required',
    tls: tlsOptions(security),
    greetingTimeout: timeouts.greetingMs,
    // All of greeting, EHLO, STARTTLS and EHLO again: the sum of their own limits.
    connectionTimeout: 2 * timeouts.greetingMs + 3 * timeouts.commandMs,
    socketTimeout: timeouts.commandMs,
  })
  const greeted = await connection.settled<void>((done) => connection.connect(done))
  if (greeted.kind === 'error') {
    connection.close()
    const tlsFailed = greeted.error.code === 'ETLS' || connection.upgrading === true
    return { kind: 'refusal', failure: sessionFailure(greeted.error, peer, tlsFailed), tlsFailed }
  }
  // The last reply before `connect` calls back is the one to EHLO, or to HELO where there are no extensions.
  const answer = connection.lastServerResponse || ''
  const opened: Session = {
    kind: 'session',
    connection,
    extensions: readExtensions(answer),
    greetedBy:
      answer
        .slice(4, 4 + DOMAIN_BYTES_MAX + 1)
        .split(/\s/, 1)[0]
        ?.toLowerCase() ?? '',
    peer,
  }
  if (security.kind !== 'required') return opened
  const { user, password } = security.auth
  const login = await connection.settled((done) =>
    connection.login({ credentials: { user, pass: password }, user }, done),
  )
  if (login.kind === 'error') {
    connection.close()
    return { kind: 'refusal', failure: sessionFailure(login.error, peer, false), tlsFailed: false }
  }
  return opened
}

function tlsOptions(security: Security) {
  if (security.kind !== 'required') return { rejectUnauthorized: false }
  return security.ca === undefined ? {} : { ca: security.ca }
}

function sessionFailure(error: SMTPError, peer: string, tlsFailed: boolean): Failure {
  if (error.response) return temporary(fromReply(error.response, peer))
  // RFC 3463 §3.8: 4.7.5 is a cryptographic failure; §3.5: 4.4.2 a bad connection.
  return deferred(tlsFailed ? '4.7.5' : '4.4.2', `${peer}: ${error.message}`)
}

function readExtensions(reply: string): ReadonlyMap<string, string> {
  const lines = reply.split(/\r?\n/).slice(1)
  return new Map(
    lines.map((line) => {
      const [keyword = '', ...rest] = line.slice(4).trim().split(/\s+/)
      return [keyword.toUpperCase(), rest.join(' ')]
    }),
  )
}
