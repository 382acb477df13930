// A session with another IMAP server that is begun again when it breaks off, and that waits where the server asks for it. Everything else reads
// through `during`: one piece of work, which is repeated as a whole.

import { isIP } from 'node:net'
import { ImapFlow, type ImapFlowError, type ImapFlowOptions } from 'imapflow'
import { unreachedText } from '#shared/net/unreached.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { SourceAway, SourceFailure } from '../source.ts'
import type { Reach } from './reach.ts'

export type ImapHost = {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  /** PEM of who signs its certificate, besides those that everybody trusts. */
  readonly ca?: string | undefined
  /** Whoever's certificate, for servers that never had a right one. */
  readonly trustsAny?: boolean | undefined
}

export type ImapLogin = {
  /** Whose mailbox it is. */
  readonly user: string
  readonly secret:
    | { readonly kind: 'password'; readonly password: string }
    /** OAUTHBEARER or XOAUTH2, whichever the server has. */
    | { readonly kind: 'token'; readonly token: string }
    /** Somebody who may read for others (RFC 4616 §2, the authorization identity). */
    | { readonly kind: 'admin'; readonly user: string; readonly password: string }
}

/** Pauses before a session is begun again; when the last one is over, the source is not to be had now. */
export const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 30_000, 60_000] as const
/** Longer than servers ask for when they throttle. */
export const BACKOFF_MS_MAX = 15 * 60_000
/** A response line, and all of a response but its literals. */
const LINE_BYTES_MAX = 8 * 1024 ** 2
/** Messages above LARGE_BYTES are read in pieces, so no literal is larger. */
const LITERAL_BYTES_MAX = 32 * 1024 ** 2

export interface ImapSession {
  /** Runs the work in a session in which `path` is open, read only (EXAMINE); '' for none. */
  during<T>(path: string, work: (client: ImapFlow) => Promise<T>): Promise<T>
  /** The session as it is: for reads that go on over many answers. */
  within(path: string): Promise<ImapFlow>
  /** Forgets a session that broke, after its pause; throws when it has broken too often. */
  broke(error: unknown): Promise<void>
  /** What was asked went well: pauses begin again with the shortest. */
  works(): void
  close(): Promise<void>
}

export type ImapSessionOptions = {
  readonly host: ImapHost
  readonly login: ImapLogin
  readonly clock: Pick<Clock, 'sleep'>
  /** Where the host is, asked before each connection; undefined: wherever the name leads. */
  readonly reach?: Reach | undefined
  /** Ends the session at once, and no other is begun. */
  readonly signal?: AbortSignal | undefined
}

export function createImapSession(options: ImapSessionOptions): ImapSession {
  const { host, login, clock, reach, signal } = options
  let client: ImapFlow | undefined
  let open = ''
  let failures = 0

  async function connect(): Promise<ImapFlow> {
    const reached = await reach?.(host)
    if (reached !== undefined && reached.kind !== 'address') {
      throw new SourceFailure(unreachedText(reached, host.host))
    }
    if (signal?.aborted) throw ended()
    const made = new ImapFlow(optionsOf(host, login, reached?.address))
    // What breaks a session is told to whoever waits for its answer.
    made.on('error', () => undefined)
    const close = () => made.close()
    signal?.addEventListener('abort', close)
    made.once('close', () => signal?.removeEventListener('abort', close))
    try {
      await made.connect()
      return made
    } catch (error) {
      made.close()
      throw error
    }
  }

  async function within(path: string): Promise<ImapFlow> {
    if (signal?.aborted) throw ended()
    if (client === undefined || !client.usable) {
      client = await connect()
      open = ''
    }
    if (path !== '' && open !== path) {
      await client.mailboxOpen(path, { readOnly: true })
      open = path
    }
    return client
  }

  function forget(): void {
    client?.close()
    client = undefined
    open = ''
  }

  async function broke(error: unknown): Promise<void> {
    if (error instanceof SourceFailure) throw error
    if (signal?.aborted) throw ended()
    const asked = pauseAskedBy(error)
    const final = asked === undefined ? finalReason(error) : undefined
    forget()
    if (final !== undefined) throw new SourceFailure(`${host.host}: ${final}`)
    const pauseMs = asked ?? PAUSES_MS[failures++]
    if (pauseMs === undefined) {
      throw new SourceAway(`${host.host} does not answer: ${textOf(error)}`, { cause: error })
    }
    await clock.sleep(pauseMs, signal)
  }

  const works = () => {
    failures = 0
  }

  return {
    within,
    broke,
    works,
    async during(path, work) {
      for (;;) {
        try {
          const done = await work(await within(path))
          works()
          return done
        } catch (error) {
          await broke(error)
        }
      }
    },
    async close() {
      await client?.logout().catch(() => undefined)
      forget()
    },
  }
}

const ended = () => new SourceAway('ended')

/** With an address it is connected to that one, and its certificate is for the name. */
function optionsOf(
  { host, port, tls, ca, trustsAny }: ImapHost,
  login: ImapLogin,
  address: string | undefined,
): ImapFlowOptions {
  return {
    host: address ?? host,
    ...(address !== undefined && isIP(host) === 0 && { servername: host }),
    port,
    secure: tls === 'implicit',
    ...(tls !== 'implicit' && { doSTARTTLS: tls === 'starttls' }),
    tls: { ...(ca !== undefined && { ca }), rejectUnauthorized: trustsAny !== true },
    auth: authOf(login),
    logger: false,
    disableAutoIdle: true,
    maxLineLength: LINE_BYTES_MAX,
    maxLiteralSize: LITERAL_BYTES_MAX,
    maxResponseSize: LITERAL_BYTES_MAX + LINE_BYTES_MAX,
    connectionTimeout: 30_000,
    socketTimeout: 5 * 60_000,
  }
}

function authOf({ user, secret }: ImapLogin): ImapFlowOptions['auth'] {
  switch (secret.kind) {
    case 'password':
      return { user, pass: secret.password }
    case 'token':
      return { user, accessToken: secret.token }
    case 'admin':
      return { user: secret.user, pass: secret.password, authzid: user, loginMethod: 'AUTH=PLAIN' }
  }
}

const isFlowError = (error: unknown): error is ImapFlowError => error instanceof Error

/** What the server asks to wait; undefined where it asks for nothing. */
function pauseAskedBy(error: unknown): number | undefined {
  if (!isFlowError(error)) return undefined
  const { throttleReset, throttleWaited = 0, responseText = '' } = error
  const [, told] = /Backoff Time: (\d{1,9})/i.exec(responseText) ?? []
  const asked = throttleReset === undefined ? Number(told) : throttleReset - throttleWaited
  return Number.isFinite(asked) ? Math.min(BACKOFF_MS_MAX, Math.max(0, asked)) : undefined
}

/** What another attempt would not change; undefined where it may. */
function finalReason(error: unknown): string | undefined {
  if (!isFlowError(error)) return undefined
  if (error.authenticationFailed) {
    // Servers that are busy say so in place of refusing (RFC 5530 §3).
    const code = error.serverResponseCode ?? ''
    if (code === 'UNAVAILABLE' || code === 'LIMIT' || code === 'INUSE') return undefined
    return `the login is refused: ${textOf(error)}`
  }
  if (error.tlsFailed || /^(CERT|ERR_TLS|DEPTH|SELF_SIGNED|UNABLE_TO)/.test(error.code ?? '')) {
    return `no TLS that can be trusted: ${textOf(error)}`
  }
  if (error.code === 'ENOTFOUND') return 'there is no such host'
  if (error.mailboxMissing) return `the folder is gone: ${textOf(error)}`
  return undefined
}

/** The server's words, which may be of any length. */
function textOf(error: unknown): string {
  if (!isFlowError(error)) return String(error)
  return (error.responseText || error.message || error.code || 'unknown').slice(
    0,
    TEXT_CHARACTERS_MAX,
  )
}

const TEXT_CHARACTERS_MAX = 300
