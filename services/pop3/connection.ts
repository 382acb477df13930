// One client's socket under a session: takes lines in order, one command at a time, however many were pipelined; sends the
// replies; watches the clock; changes to TLS.

import type { Socket } from 'node:net'
import { DRAIN_LINGER_MS } from '#shared/net/drain.ts'
import type { SecureContextSource } from '#shared/net/hot-context.ts'
import { Output } from '#shared/net/output.ts'
import type { Endpoint } from '#shared/net/tcp-listener.ts'
import { startTls } from '#shared/net/tls/start-tls.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { AUTH_LINE_BYTES_MAX, LINGER_MS, PIPELINE_BYTES_MAX } from './config.ts'
import { parseRequest, runRequest } from './dispatch.ts'
import { type Line, LineReader } from './line-reader.ts'
import { type Reply, replies } from './replies.ts'
import { MessageUnreadable, writeListing, writeMessage } from './reply-writer.ts'
import { type Services, Session } from './session.ts'

type EndReason =
  | 'quit'
  | 'turned away'
  | 'client closed'
  | 'TLS failed'
  | 'login timeout'
  | 'idle timeout'
  | 'write timeout'
  | 'message unreadable'
  | 'bug'
  | 'shutdown'
  | 'account ended'

/** How often a connection that is busy looks whether it still waits for the same thing. */
const WATCH_INTERVAL_MS = 30_000
/** For the command that runs while the account is disabled or removed. */
const ACCOUNT_ENDED_GRACE_MS = 1_000

export class Connection {
  /** Resolves when the connection is gone and nothing runs for it any more. */
  readonly done: Promise<void>
  readonly #session: Session
  readonly #services: Services
  readonly #secureContext: SecureContextSource | undefined
  readonly #lines = new LineReader(AUTH_LINE_BYTES_MAX)
  readonly #output: Output
  readonly #gone = new AbortController()
  readonly #openedMs: number
  #socket: Socket
  #busy = false
  /** What the connection does or did last; never rejects. */
  #serving: Promise<void> = Promise.resolve()
  /** The next line is no command but the answer to a challenge. */
  #expected: ((line: string) => Reply | Promise<Reply>) | undefined
  #quietSinceMs: number
  #inputEnded = false
  #draining = false
  /** The handshake of TLS is under way. */
  #securing = false
  #accountEnded = false
  #end: EndReason | undefined

  constructor(
    services: Services,
    socket: Socket,
    remoteAddress: string,
    secureContext: SecureContextSource | undefined,
  ) {
    this.#services = services
    this.#socket = socket
    this.#secureContext = secureContext
    this.#openedMs = services.clock.now()
    this.#quietSinceMs = this.#openedMs
    this.#output = new Output(socket, services.clock)
    const tlsAvailable = secureContext !== undefined
    this.#session = new Session(
      services,
      { security: 'clear', tlsAvailable, channelBindings: undefined, remoteAddress },
      this.#gone.signal,
    )
    this.#session.onAccountEnd = () => this.#endAccount()
    const closed = Promise.withResolvers<void>()
    socket.once('close', closed.resolve).on('error', this.#onError)
    this.done = closed.promise.then(() => this.#finish())
  }

  /** Says the greeting, after a handshake when TLS is implicit. */
  start(tls: Endpoint['tls']): void {
    void this.#watch()
    this.#serving = this.#serve(() => this.#greet(tls))
  }

  /** Ends as soon as no command runs; a session that has marked messages may go on to its QUIT. */
  drain(): void {
    this.#draining = true
    // Nothing can be said in the middle of a handshake.
    if (this.#securing) this.destroy('shutdown')
    else if (!this.#busy) this.#settle()
  }

  /** Ends now; without QUIT nothing is removed. */
  destroy(reason: EndReason): void {
    this.#end ??= reason
    this.#socket.destroy()
  }

  /** What was marked stays (RFC 1939 §6); a command that takes longer is cut off. */
  #endAccount(): void {
    this.#accountEnded = true
    if (!this.#busy) this.#settle()
    if (this.#end !== undefined) return
    const { clock } = this.#services
    void clock
      .sleep(ACCOUNT_ENDED_GRACE_MS, this.#gone.signal)
      .then(() => this.destroy('account ended'))
  }

  async #greet(tls: Endpoint['tls']): Promise<void> {
    if (tls === 'implicit') await this.#startTls()
    else this.#listen()
    if (this.#end !== undefined) return
    await this.#send(replies.greeting(this.#services.hostname))
    // What a hasty client sent before it was greeted.
    await this.#answerLines()
  }

  #listen(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#end !== undefined) return
    this.#lines.push(chunk)
    if (this.#lines.heldBytes > PIPELINE_BYTES_MAX) this.#socket.pause()
    if (!this.#busy) this.#serving = this.#serve(() => this.#answerLines())
  }

  readonly #onEnd = (): void => {
    this.#inputEnded = true
    if (!this.#busy) this.#settle()
  }

  readonly #onError = (error: Error): void => {
    this.#session.log.debug({ err: error }, 'connection lost')
  }

  async #serve(work: () => Promise<void>): Promise<void> {
    this.#busy = true
    try {
      await work()
    } catch (error) {
      this.#session.log.error({ err: error }, 'bug: session ended')
      this.#close('bug')
    }
    this.#busy = false
    this.#settle()
  }

  async #answerLines(): Promise<void> {
    while (this.#end === undefined && !this.#accountEnded && !this.#output.closed) {
      // However much was pipelined: a command, then others have their turn.
      const wait = turns.step()
      if (wait !== undefined) await wait
      if (this.#end !== undefined || this.#accountEnded) break
      const line = this.#lines.next()
      if (line === undefined) break
      await this.#answer(line)
      this.#quietSinceMs = this.#services.clock.now()
    }
  }

  /** What waited for the end of the work. */
  #settle(): void {
    if (this.#accountEnded && this.#end === undefined) {
      this.#output.write(`${replies.accountEnded.status}\r\n`)
      this.#close('account ended')
    }
    if (this.#inputEnded) this.#close('client closed')
    if (this.#draining && !this.#awaitsQuit()) this.#close('shutdown')
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** What the client marked goes with its QUIT. */
  #awaitsQuit(): boolean {
    const { state } = this.#session
    return state.kind === 'TRANSACTION' && state.maildrop.markedUids().length > 0
  }

  async #answer(line: Line): Promise<void> {
    const expected = this.#expected
    if (expected !== undefined) {
      this.#expected = undefined
      const reply =
        line.kind === 'too-long' ? replies.authMalformed : expected(line.bytes.toString('latin1'))
      return this.#send(await reply)
    }
    const request = parseRequest(line)
    if (request.kind === 'command' && request.command.waitsForOutput) {
      await this.#output.flushed()
      if (this.#output.closed) return
    }
    return this.#send(await runRequest(this.#session, request))
  }

  async #send(reply: Reply): Promise<void> {
    switch (reply.kind) {
      case 'status':
        if (reply.after === 'start-tls') this.#refuseClearText()
        this.#output.write(`${reply.status}\r\n`)
        if (reply.after === 'close') this.#close(isAnswerToQuit(reply) ? 'quit' : 'turned away')
        if (reply.after === 'start-tls') await this.#startTls()
        break
      case 'listing':
        await writeListing(this.#output, reply)
        break
      case 'message':
        await this.#sendMessage(reply)
        break
      case 'challenge':
        this.#output.write(`${reply.status}\r\n`)
        this.#expected = reply.answer
        break
      default:
        return unreachable(reply)
    }
    await this.#output.room()
  }

  async #sendMessage(reply: Reply & { readonly kind: 'message' }): Promise<void> {
    try {
      this.#session.counts.octets += await writeMessage(this.#output, reply)
    } catch (error) {
      if (!(error instanceof MessageUnreadable)) throw error
      this.#session.log.error({ err: error }, 'message unreadable')
      // Half a message must not look like a whole one: no last line, and the connection ends.
      if (error.begun) return this.#close('message unreadable')
      const { cause } = error
      const temporary = cause instanceof TemporaryFailure
      await this.#send(temporary ? replies.unavailable : replies.messageUnreadable)
    }
  }

  /** RFC 2595 §4: what was pipelined in clear behind STLS must never be taken for what TLS protects. */
  #refuseClearText(): void {
    // From here on the socket keeps what comes: it is for the handshake.
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).pause()
    this.#lines.discard()
  }

  async #startTls(): Promise<void> {
    this.#securing = true
    const bindings = await startTls({
      socket: this.#socket,
      output: this.#output,
      secureContext: this.#secureContext,
      gone: this.#gone.signal,
      log: this.#session.log,
      adopt: (secure) => {
        this.#socket = secure.on('error', this.#onError)
        this.#listen()
      },
      fail: () => this.destroy('TLS failed'),
    })
    this.#securing = false
    if (bindings === undefined) return
    this.#session.tlsStarted(bindings)
  }

  /** Closes our end, and the client's when it does not. */
  #close(reason: EndReason): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#socket.end()
    this.#socket.resume()
    const lingerMs = this.#draining ? DRAIN_LINGER_MS : LINGER_MS
    void this.#services.clock.sleep(lingerMs, this.#gone.signal).then(() => this.#socket.destroy())
  }

  async #watch(): Promise<void> {
    const { clock } = this.#services
    while (!this.#gone.signal.aborted) {
      const { reason, atMs } = this.#deadline()
      const leftMs = atMs - clock.now()
      // RFC 1939 §3: closed without a reply, and nothing is removed.
      if (leftMs <= 0) return this.destroy(reason)
      await clock.sleep(Math.min(leftMs, WATCH_INTERVAL_MS), this.#gone.signal)
    }
  }

  #deadline(): { readonly reason: EndReason; readonly atMs: number } {
    const { loginTimeoutMs, idleTimeoutMs, writeTimeoutMs } = this.#services.options
    const { waitingSinceMs } = this.#output
    if (waitingSinceMs !== undefined) {
      return { reason: 'write timeout', atMs: waitingSinceMs + writeTimeoutMs }
    }
    if (this.#session.state.kind === 'AUTHORIZATION') {
      return { reason: 'login timeout', atMs: this.#openedMs + loginTimeoutMs }
    }
    const atMs = this.#busy ? Infinity : this.#quietSinceMs + idleTimeoutMs
    return { reason: 'idle timeout', atMs }
  }

  async #finish(): Promise<void> {
    this.#gone.abort()
    this.#output.lost()
    await this.#serving
    const { log, counts, loggedIn } = this.#session
    await this.#session.abandon()
    const reason = this.#end ?? 'client closed'
    const ms = this.#services.clock.now() - this.#openedMs
    // Port scanners and health checks never log in; they are nobody's news.
    if (loggedIn) log.info({ reason, ms, ...counts }, 'session ended')
    else log.debug({ reason, ms }, 'connection ended')
  }
}

function isAnswerToQuit(reply: Reply): boolean {
  return reply === replies.bye || reply === replies.notAllRemoved
}
