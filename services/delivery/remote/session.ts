// Opens an SMTP session with a host: greeting, EHLO, STARTTLS, AUTH. Everything that goes wrong here is worth a try with
// another host or at another time, a 5xx greeting too.

import type { Socket } from 'node:net'
import type { SMTPError } from 'nodemailer/lib/smtp-connection'
import { DOMAIN_BYTES_MAX } from '#shared/mail/domain.ts'
import { Connection } from './connection.ts'
import type { Stage } from './obstacles.ts'
import { deferred, type Failure, fromReply, temporary } from './outcome.ts'
import { type Security, tlsOptions } from './security.ts'
import { QUIT_TIMEOUT_MS, type Timeouts } from './timeouts.ts'

export type Session = {
  readonly kind: 'session'
  readonly connection: Connection
  /** EHLO keywords in upper case and what follows them. */
  readonly extensions: ReadonlyMap<string, string>
  /** What the host calls itself in its answer to EHLO, in lower case. */
  readonly greetedBy: string
  readonly peer: string
  /** Set in clear where TLS was offered and did not work. */
  readonly tlsFailure?: Failure
}

export type Refusal = {
  readonly kind: 'refusal'
  readonly failure: Failure
  readonly stage: Stage
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
  /** For a login; only where `security` is `required`. */
  readonly auth: RelayAuth | null
  readonly timeouts: Timeouts
}

export type RelayAuth = { readonly user: string; readonly password: string }

/** RFC 8314 §3.3: the port where TLS comes first. */
export const SUBMISSIONS_PORT = 465

export async function openSession(options: SessionOptions): Promise<Session | Refusal> {
  const { security, auth, timeouts, peer } = options
  const connection = new Connection({
    connection: options.socket,
    host: options.host,
    name: options.hostname,
    secure: options.port === SUBMISSIONS_PORT && security.kind !== 'clear',
    ignoreTLS: security.kind === 'clear',
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
    return refusal(greeted.error, peer, tlsFailed)
  }
  if (security.kind === 'required' && !connection.secure) {
    leave(connection)
    // RFC 3463 §3.8: X.7.4, security features not supported.
    const failure = deferred('4.7.4', `TLS is required, but was not offered by host ${peer}`)
    return { kind: 'refusal', failure, stage: 'answered', tlsFailed: false }
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
  if (auth === null) return opened
  if (security.kind !== 'required') throw new Error('a login without TLS')
  const { user, password } = auth
  const login = await connection.settled((done) =>
    connection.login({ credentials: { user, pass: password }, user }, done),
  )
  if (login.kind === 'done') return opened
  connection.close()
  return refusal(login.error, peer, false)
}

/** Says goodbye and does not wait for the answer. */
export function leave(connection: Connection): void {
  connection.allowSilence(QUIT_TIMEOUT_MS)
  connection.quit()
}

function refusal(error: SMTPError, peer: string, tlsFailed: boolean): Refusal {
  if (error.response) {
    const failure = temporary(fromReply(error.response, peer, error.command))
    return { kind: 'refusal', failure, stage: 'answered', tlsFailed }
  }
  // RFC 3463 §3.8: 4.7.5 is a cryptographic failure; §3.5: 4.4.2 a bad connection.
  const failure = deferred(tlsFailed ? '4.7.5' : '4.4.2', `${peer}: ${error.message}`)
  return { kind: 'refusal', failure, stage: tlsFailed ? 'answered' : 'lost', tlsFailed }
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
