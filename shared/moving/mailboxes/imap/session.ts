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
/** Pauses where a server says that it throttles and not for how long. Gmail counts bytes of a day: behind the last one it is tomorrow's work. */
export const THROTTLED_PAUSES_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000] as const
/** Of all that is answered to one piece of work. */
export const ANSWERS_BYTES_MAX = 64 * 1024 ** 2
/** A response line, and all of a response but its literals. */
const LINE_BYTES_MAX = 8 * 1024 ** 2
/** Messages above LARGE_BYTES are read in pieces, so no literal is larger. */
const LITERAL_BYTES_MAX = 32 * 1024 ** 2

/** `refusal`: why a command of the client that gives `false` was refused. */
export type Work<T> = (client: ImapFlow, refusal: () => Error) => Promise<T>
export type Budget = { readonly bytesMax: number; readonly what: string }

const ordinary: Budget = { bytesMax: ANSWERS_BYTES_MAX, what: 'one answer' }
/** All that is said until somebody is logged in. */
const hello: Budget = { bytesMax: 1024 ** 2, what: 'a login' }

export interface ImapSession {
  /**
   * Runs the work in a session in which `path` is open, read only (EXAMINE); '' for none. What the server answers is `what`, with more
   * bytes than `bytesMax` it is none. Work that a session breaks off is done again.
   */
  during<T>(path: string, work: Work<T>, budget?: Budget): Promise<T>
  /** The same once: whoever asks goes on himself with what is missing. */
  once<T>(path: string, work: Work<T>): Promise<T>
  /** Forgets a session that broke, and comes back after its pause; throws when it has broken too often. */
  broke(error: unknown): Promise<{ readonly throttled: boolean }>
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
  let throttles = 0
  let budget = ordinary
  /** Bytes of the session before what is asked for now. */
  let before = 0
  let excess: string | undefined
  /** What the client told its log last. */
  let warned: unknown

  async function connect(): Promise<ImapFlow> {
    const reached = await reach?.(host)
    if (reached !== undefined && reached.kind !== 'address') {
      throw new SourceFailure(unreachedText(reached, host.host))
    }
    if (signal?.aborted) throw ended()
    ;[budget, before] = [hello, 0]
    // The client tells its log of each response before it keeps any of it.
    let isOver = false
    const watch = (entry: unknown) => {
      if (typeof entry === 'object' && entry !== null && 'err' in entry) warned = entry.err
      const { bytesMax, what } = budget
      if (isOver || made.stats().received - before <= bytesMax) return
      isOver = true
      excess = `more than ${bytesMax / 1024 ** 2} MB for ${what}`
      made.close()
    }
    const made = new ImapFlow(optionsOf(host, login, reached?.address, watch))
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
      ;[budget, before] = [ordinary, client.stats().received]
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

  async function broke(error: unknown): Promise<{ readonly throttled: boolean }> {
    if (error instanceof SourceFailure) throw error
    if (signal?.aborted) throw ended()
    const asked = pauseAskedBy(error)
    const throttled = asked === undefined && isThrottled(error)
    const final = excess ?? (asked === undefined && !throttled ? finalReason(error) : undefined)
    excess = undefined
    forget()
    if (final !== undefined) throw new SourceFailure(`${host.host}: ${final}`)
    const pauseMs = asked ?? (throttled ? THROTTLED_PAUSES_MS[throttles++] : PAUSES_MS[failures++])
    if (pauseMs === undefined) {
      const what = throttled ? 'gives no more for now' : 'does not answer'
      throw new SourceAway(`${host.host} ${what}: ${textOf(error)}`, { cause: error })
    }
    await clock.sleep(pauseMs, signal)
    return { throttled: asked !== undefined || throttled }
  }

  const works = () => {
    failures = 0
    throttles = 0
  }

  async function once<T>(path: string, work: Work<T>, given = ordinary): Promise<T> {
    const used = await within(path)
    ;[budget, before] = [given, used.stats().received]
    warned = undefined
    const done = await work(used, () =>
      warned instanceof Error ? warned : new Error('the command was refused'),
    )
    // Where the session has ended the client answers as if nothing were there.
    if (!used.usable || (path !== '' && used.mailbox === false)) {
      throw new Error('the session has ended')
    }
    return done
  }

  return {
    once,
    broke,
    works,
    async during(path, work, given) {
      for (;;) {
        try {
          const done = await once(path, work, given)
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
  watch: (entry: unknown) => void,
): ImapFlowOptions {
  return {
    host: address ?? host,
    ...(address !== undefined && isIP(host) === 0 && { servername: host }),
    port,
    secure: tls === 'implicit',
    ...(tls !== 'implicit' && { doSTARTTLS: tls === 'starttls' }),
    tls: { ...(ca !== undefined && { ca }), rejectUnauthorized: trustsAny !== true },
    auth: authOf(login),
    logger: { trace: watch, debug: watch, info: watch, warn: watch, error: watch, fatal: watch },
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

/** Bytes of a day (Gmail), or commands of a minute, are used up; or there are too many sessions (RFC 9051 §7.1 has no code for some of it). */
export function isThrottled(error: unknown): boolean {
  if (!isFlowError(error)) return false
  const code = codeOf(error)
  if (code === 'THROTTLED' || code === 'OVERQUOTA') return true
  return /bandwidth limit|too many simultaneous connections|\[(THROTTLED|OVERQUOTA)\]/i.test(
    textOf(error),
  )
}

/** The response code, in capitals. */
function codeOf({ serverResponseCode, response }: ImapFlowError): string {
  if (serverResponseCode !== undefined) return serverResponseCode.toUpperCase()
  const text = typeof response === 'object' ? response.attributes?.[0]?.section?.[0]?.value : ''
  return typeof text === 'string' ? text.toUpperCase() : ''
}

/** What another attempt would not change; undefined where it may. */
function finalReason(error: unknown): string | undefined {
  if (!isFlowError(error)) return undefined
  if (error.authenticationFailed) {
    // Servers that are busy say so in place of refusing (RFC 5530 §3).
    const code = codeOf(error)
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
