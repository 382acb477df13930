// Opens an SMTP session with a host: greeting, EHLO, STARTTLS, AUTH. Everything that goes wrong here is worth a try with
// another host or at another time, a 5xx greeting too.

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Options, SMTPError } from 'nodemailer/lib/smtp-connection'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import { DOMAIN_BYTES_MAX } from '#shared/mail/domain.ts'
import { Connection } from './connection.ts'
import type { Login } from './hop-policy.ts'
import type { Stage } from './obstacles.ts'
import { defer, makeTemporary, readReply } from './outcome.ts'
import { QUIT_TIMEOUT_MS, type Timeouts } from './timeouts.ts'
import type { HostSecurity } from './tls/host-security.ts'
import { judgePeer } from './tls/judge-peer.ts'
import { tlsOptionsFor } from './tls/tls-options.ts'

export type Session = {
  readonly kind: 'session'
  readonly connection: Connection
  /** EHLO keywords in upper case and what follows them. */
  readonly extensions: ReadonlyMap<string, string>
  /** What the host calls itself in its answer to EHLO, in lower case. */
  readonly greetedBy: string
  readonly peer: string
  /** Set in clear where TLS was offered and did not work. */
  readonly tlsFailure?: Undelivered
}

export type Refusal = {
  readonly kind: 'refusal'
  readonly failure: Undelivered
  readonly stage: Stage
  /** STARTTLS was offered and did not work. */
  readonly tlsFailed: boolean
  /** It was answered with a refusal. */
  readonly tlsRefused?: true
}

export type SessionOptions = {
  readonly socket: Socket
  readonly host: string
  readonly port: number
  /** For replies and logs: `mx.example.net[192.0.2.1]:25`. */
  readonly peer: string
  /** What we say in EHLO. */
  readonly hostname: string
  readonly security: HostSecurity
  /** For a login; only where `security` is `required`. */
  readonly auth: Login | null
  readonly timeouts: Timeouts
}

/** RFC 8314 §3.3: the port where TLS comes first. */
export const SUBMISSIONS_PORT = 465

export async function openSession(options: SessionOptions): Promise<Session | Refusal> {
  const { security, auth, peer } = options
  const connection = new Connection(connectionOptions(options))
  const greeted = await connection.run<void>((done) => connection.connect(done))
  if (greeted.kind === 'error') {
    connection.close()
    const tlsFailed = greeted.error.code === 'ETLS' || connection.upgrading === true
    return refuse(greeted.error, peer, tlsFailed)
  }
  if (security.kind === 'required' && !connection.secure) {
    leave(connection)
    // RFC 3463 §3.8: X.7.4, security features not supported.
    const failure = defer('4.7.4', `TLS is required, but was not offered by host ${peer}`)
    return { kind: 'refusal', failure, stage: 'answered', tlsFailed: false }
  }
  const socket: unknown = Reflect.get(connection, '_socket')
  if (security.kind === 'required' && socket instanceof TLSSocket) {
    const judged = judgePeer(socket, security, Date.now())
    if (judged.kind === 'unproven') {
      connection.close()
      const failure = defer('4.7.5', `Server certificate not verified: host ${peer}, ${judged.why}`)
      return { kind: 'refusal', failure, stage: 'answered', tlsFailed: true }
    }
  }
  // Before a login, whose reply takes its place.
  const answer = readAnswer(connection.lastServerResponse || '')
  if (auth !== null) {
    if (security.kind !== 'required') throw new Error('a login without TLS')
    const refused = await logIn(connection, auth, peer)
    if (refused !== undefined) return refused
  }
  return { kind: 'session', connection, ...answer, peer }
}

function connectionOptions(options: SessionOptions): Options {
  const { security, timeouts } = options
  return {
    connection: options.socket,
    host: options.host,
    name: options.hostname,
    secure: options.port === SUBMISSIONS_PORT && security.kind !== 'clear',
    ignoreTLS: security.kind === 'clear',
    tls: security.kind === 'clear' ? {} : tlsOptionsFor(security),
    greetingTimeout: timeouts.greetingMs,
    // All of greeting, EHLO, STARTTLS and EHLO again: the sum of their own limits.
    connectionTimeout: 2 * timeouts.greetingMs + 3 * timeouts.commandMs,
    socketTimeout: timeouts.commandMs,
  }
}

async function logIn(
  connection: Connection,
  { user, password }: Login,
  peer: string,
): Promise<Refusal | undefined> {
  const login = await connection.run((done) =>
    connection.login({ credentials: { user, pass: password }, user }, done),
  )
  if (login.kind === 'done') return undefined
  connection.close()
  return refuse(login.error, peer, false)
}

/** Says goodbye and does not wait for the answer. */
export function leave(connection: Connection): void {
  connection.allowSilence(QUIT_TIMEOUT_MS)
  connection.quit()
}

function refuse(error: SMTPError, peer: string, tlsFailed: boolean): Refusal {
  if (error.response) {
    const failure = makeTemporary(readReply(error.response, peer, error.command))
    const refused = tlsFailed ? { tlsRefused: true as const } : {}
    return { kind: 'refusal', failure, stage: 'answered', tlsFailed, ...refused }
  }
  // RFC 3463 §3.8: 4.7.5 is a cryptographic failure; §3.5: 4.4.2 a bad connection.
  const failure = defer(tlsFailed ? '4.7.5' : '4.4.2', `${peer}: ${error.message}`)
  return { kind: 'refusal', failure, stage: tlsFailed ? 'answered' : 'lost', tlsFailed }
}

/** The last reply before `connect` calls back is the one to EHLO, or to HELO where there are no extensions. */
function readAnswer(reply: string): Pick<Session, 'extensions' | 'greetedBy'> {
  const [first = ''] = reply.slice(4, 4 + DOMAIN_BYTES_MAX + 1).split(/\s/, 1)
  return { extensions: readExtensions(reply), greetedBy: first.toLowerCase() }
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
