// One connection: reads lines and bodies, carries out what commands answer, keeps the time. The library's connection under
// it does sockets, the TLS handshake of STARTTLS and the closing; its parser, commands, replies and timers are replaced.
//
// Implementation notes:
// - Replies are held back until the input is used up or a command says so, and leave in one write (RFC 2920 §3.2).
// - The deadline runs only while the client owes us something.
// - A session of many errors gets its replies slowly; while it waits nothing more of it is read.
// - After `close` the library lets the reader run nothing more, and what is still said goes nowhere.

import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import type { SMTPServer } from 'smtp-server'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import type { Passage } from '#shared/contracts/source.ts'
import { DRAIN_LINGER_MS } from '#shared/net/drain.ts'
import { hasInputEnded } from '#shared/net/input-ended.ts'
import { createSplice, type Splice } from '#shared/net/splice.ts'
import { channelBindings } from '#shared/net/tls/channel-binding.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { type Reply, softened } from '#shared/smtp/reply.ts'
import type { Body } from './body.ts'
import {
  type Answer,
  answer,
  answerAndClose,
  answerEach,
  answerRefusal,
  isError,
  type Outcome,
} from './command.ts'
import { DRAINED_BYTES_MAX, LOGIN_FAILURES_MAX, type SmtpOptions } from './config.ts'
import { ClientDeadline } from './deadline.ts'
import { decodeLine, dispatch } from './dispatch.ts'
import { refusalAt } from './early-verdict.ts'
import { HeldReplies } from './held-replies.ts'
import { createPassedClient } from './passed-client.ts'
import { type ReaderHost, SmtpReader } from './reader.ts'
import { replies } from './replies.ts'
import { type SharedLimits, type SmtpDeps, SmtpSession } from './session.ts'
import { endWithoutHandshake, tlsFacts } from './tls-socket.ts'

/** After which nobody waits for a reply of the source any more, as far as one can see from here. */
const PASSED_QUIET_MS = 5_000

export type ConnectionContext = {
  readonly server: SMTPServer
  readonly options: SmtpOptions
  readonly deps: SmtpDeps
  readonly limits: SharedLimits
  /** We said goodbye, or the client is gone, and nothing is done for it any more: it no longer counts. May come twice. */
  readonly onLeft: () => void
  /** The socket is closed. */
  readonly onClosed: () => void
}

export class SmtpConnection extends SMTPConnection implements ReaderHost {
  readonly #context: ConnectionContext
  readonly #session: SmtpSession
  /** Where the handshake of STARTTLS runs, else the same as the library's. */
  #topSocket: Socket
  readonly #replies = new HeldReplies((text) => {
    if (!this._upgrading && this._socket.writable) this._socket.write(text)
  })
  /** Takes the next line in place of the dispatcher. */
  #answer: Answer | undefined
  /** Under way: the client is judged before it is greeted. */
  #greeting: Promise<void> | undefined
  /** Under way: a command, or a message, that is not answered yet. */
  #work: Promise<void> | undefined
  #body: Body | undefined
  #isWorking = false
  #isDraining = false
  #isAccountEnded = false
  /** It goes on at another server. */
  #splice: Splice | undefined
  /** Why it ends, where that is not the client's doing. */
  #reason: string | undefined
  #isTold = false
  readonly #openedMs: number
  readonly #deadline: ClientDeadline
  /** Nobody waits for a reply any more. */
  readonly #gone = new AbortController()

  constructor(
    context: ConnectionContext,
    socket: Socket,
    peer: SMTPConnectionOptions | null | undefined,
  ) {
    super(context.server, socket, peer)
    this.#context = context
    this.#topSocket = socket
    this.#session = new SmtpSession(context.options, context.deps, context.limits, this)
    this.#session.onAccountEnd = () => this.#endAccount()
    this.#openedMs = context.deps.clock.now()
    this.#deadline = new ClientDeadline(context.deps.clock, context.options.smtpdTimeoutMs)
  }

  // ---------------------------------------------------------------------------- in place of the library's

  /** Without its wait of 100 ms and its look-up of the client's name, which policy does when it needs to. */
  override init(): void {
    this._setListeners(() => {
      this.#secureSession()
      const { smtpdGreetAction, smtpdGreetPauseMs, role } = this.#context.options
      const isWatched =
        role === 'smtp' &&
        (smtpdGreetAction !== 'ignore' || smtpdGreetPauseMs > 0) &&
        !this.#context.limits.rates.isExempt(this.#session.remoteAddress)
      if (isWatched) void this.#greetWhoWaits()
      else this.#welcome()
    })
  }

  /** RFC 5321 §3.1: the client waits for the greeting. What it sends before it comes with the next look at its socket. */
  async #greetWhoWaits(): Promise<void> {
    const { options, deps } = this.#context
    const reader = this._parser
    if (reader instanceof SmtpReader) reader.hold()
    // One to begin with reading, one to read.
    await nextTurn()
    await nextTurn()
    if (options.smtpdGreetPauseMs > 0) {
      await deps.clock.sleep(options.smtpdGreetPauseMs, this.#gone.signal)
    }
    if (this.#gone.signal.aborted || !(reader instanceof SmtpReader)) return
    if (reader.hasInput) {
      if (options.smtpdGreetAction === 'drop') {
        this.#session.logRepeated({}, 'client spoke before the greeting')
        this.#reason ??= 'early talker'
        this.#leave(replies.earlyTalker)
        return
      }
      if (options.smtpdGreetAction === 'flag') this.#session.noteSentAhead()
    }
    this.#welcome()
    reader.release()
  }

  #welcome(): void {
    if (this.#context.options.smtpdDelayReject) this.#greet(undefined)
    else this.#greeting = this.#during(this.#judgeClient())
  }

  #greet(refusal: Reply | undefined): void {
    const { options, deps } = this.#context
    const protocol = options.role === 'lmtp' ? 'LMTP' : 'ESMTP'
    const banner = options.smtpdBanner ?? `${deps.hostname} ${protocol} Postwolke`
    this.#tell(answerRefusal(refusal ?? replies.greeting(banner)), true)
  }

  /** RFC 5321 §3.1 lets a server refuse at the greeting. */
  async #judgeClient(): Promise<void> {
    // Meanwhile the client waits for us.
    this.#deadline.suspend()
    try {
      const refusal = await refusalAt(this.#session, 'connect')
      this.#session.isDenied = refusal !== undefined
      this.#greeting = undefined
      this.#greet(refusal)
      this.#deadline.resume()
    } catch (error) {
      this.onFailure(error)
    }
  }

  override _createParser(): SmtpReader {
    return new SmtpReader(this)
  }

  override send(code: number, text?: string | string[] | null): void {
    this.#say({ code, status: null, text: text ?? '' })
    this.#flush()
  }

  /** The library's idle timer starts again with every byte; `expire` is ours. */
  override _armTimeout(socket: Socket = this._socket): void {
    this.#topSocket = socket
    if (this._upgrading) endWithoutHandshake(socket)
  }

  /** The library's session is not used. */
  override _resetSession(): void {}

  override _onError(error: Error): void {
    this.#session.log.debug({ error }, 'connection failed')
    this.close()
  }

  override _onClose(): void {
    super._onClose()
    this.#tellEnd()
    this.#gone.abort()
    this.#abandon('client disconnected')
    this.#session.end()
    this.#giveUpPlace()
    this.#context.onClosed()
  }

  override close(): void {
    super.close()
    this.#gone.abort()
    this.#giveUpPlace()
  }

  /** Not before what it asked for is found out, or clients that come and go at once would have any number of questions under way. */
  #giveUpPlace(): void {
    const { onLeft } = this.#context
    if (this.#work === undefined) onLeft()
    else void this.#work.then(onLeft)
  }

  /** It has rejected for nobody: failures are dealt with in it. */
  #during(work: Promise<void>): Promise<void> {
    this.#work = work.then(() => {
      this.#work = undefined
    })
    return this.#work
  }

  // --------------------------------------------------------------------------------------------- reading

  onLine(line: Buffer): Promise<void> | undefined {
    // Who does not wait for the greeting waits for it now.
    if (this.#greeting) return this.#greeting.then(() => this.onLine(line))
    this.#beginWork()
    const { outcome, flushes } = this.#answer
      ? { outcome: this.#takeAnswer(line), flushes: true }
      : dispatch(this.#session, line)
    if (this.#hasSentAhead(flushes)) this.#session.noteSentAhead()
    if (outcome instanceof Promise) {
      return this.#during(
        outcome
          .then((done) => this.#carryOut(done, flushes))
          .catch((error: unknown) => this.onFailure(error)),
      )
    }
    return this.#carryOut(outcome, flushes)
  }

  /** RFC 2920 §3.1: whoever said HELO waits for every reply, all others for the last of a group. */
  #hasSentAhead(endsGroup: boolean): boolean {
    const { helo } = this.#session
    const waits = endsGroup || helo?.extended === false
    return waits && this._parser instanceof SmtpReader && this._parser.hasInput
  }

  onLineTooLong(): Promise<void> | undefined {
    this.#beginWork()
    const reply = this.#answer ? replies.authLineTooLong : replies.lineTooLong
    this.#answer = undefined
    return this.#carryOut(answer(reply), false)
  }

  onBareLineFeed(): Promise<void> | undefined {
    this.#beginWork()
    return this.#carryOut(answerAndClose(replies.bareLineFeed), true)
  }

  onBodyBytes({ receipt }: Body, bytes: number): void {
    // While the spool is behind, it is not the client who is slow.
    if (receipt?.saturated) this.#deadline.suspend()
    else this.#deadline.noteBytes(bytes)
    if (receipt?.refusal && receipt.bytes > DRAINED_BYTES_MAX) {
      this.#tell(answerAndClose(receipt.refusal), true)
    }
  }

  onBodyEnd(body: Body): Promise<void> | undefined {
    this.#beginWork()
    this.#body = undefined
    return this.#during(
      body
        .finish()
        .then((answers) => this.#carryOut(answerEach(answers), true))
        .catch((error: unknown) => this.onFailure(error)),
    )
  }

  onIdle(): Promise<void> | undefined {
    this.#isWorking = false
    this.#flush()
    this.#deadline.resume()
    // A client that does not read its replies is not read from either.
    const socket = this._socket
    if (!socket.writableNeedDrain || socket.destroyed) return undefined
    return new Promise((resolve) => socket.once('drain', resolve))
  }

  onEnd(): void {
    this.#abandon('client stopped sending')
    this.#flush()
    this.close()
  }

  /** A bug: the session ends, the client learns nothing. */
  onFailure(error: unknown): void {
    this.#reason ??= 'bug'
    this.#session.log.error({ error }, 'session failed')
    this.#abandon('internal error')
    this.#leave(replies.bug)
  }

  // ------------------------------------------------------------------------------------- asked by the server

  /** Closes when the client has been too slow. */
  expire(nowMs: number): void {
    if (this.#splice !== undefined) {
      this.#expirePassed(nowMs, this.#splice)
      return
    }
    if (this._closing || !this.#deadline.isOver(nowMs)) return
    this.#reason ??= 'timeout'
    this.#abandon('timeout')
    this.#leave(replies.timeout)
  }

  /** Closes now when nothing is under way, otherwise at the end of the transaction. */
  drain(): void {
    this.#isDraining = true
    this.#reason ??= 'shutdown'
    if (!this.#isWorking) this.#leaveWhenDrained()
  }

  /** Closes whatever is under way. */
  terminate(): void {
    this.#abandon('shutdown')
    this.#leave(replies.shuttingDown)
    this.#topSocket.destroy()
  }

  // ------------------------------------------------------------------------------------------- answering

  #takeAnswer(line: Buffer): Outcome | Promise<Outcome> {
    const next = this.#answer
    this.#answer = undefined
    const text = decodeLine(line)
    if (!next || text === undefined) return answer(replies.authMalformed)
    return next(text)
  }

  #carryOut(outcome: Outcome, flushes: boolean): Promise<void> | undefined {
    if (isError(outcome)) this.#session.noteError()
    if (this.#session.isSlowedDown) {
      return this.#slowly(() => this.#tell(outcome, flushes)).catch((error: unknown) =>
        this.onFailure(error),
      )
    }
    this.#tell(outcome, flushes)
    return undefined
  }

  /** What was said before is not held back by it. */
  async #slowly(tell: () => void): Promise<void> {
    this.#flush()
    const { clock } = this.#context.deps
    await clock.sleep(this.#context.options.smtpdErrorSleepTimeMs, this.#gone.signal)
    if (!this.#gone.signal.aborted) tell()
  }

  #tell(outcome: Outcome, flushes: boolean): void {
    if (outcome.reply) this.#say(outcome.reply)
    if (flushes && outcome.kind !== 'replies') this.#flush()
    switch (outcome.kind) {
      case 'replies':
        for (const reply of outcome.further) this.#say(reply)
        if (flushes) this.#flush()
        if (this.#endWithErrors()) return
        break
      case 'reply':
        if (this.#endWithErrors()) return
        break
      case 'close':
        this.#flush()
        this.close()
        return
      case 'start-tls':
        this.#flush()
        this.#deadline.resume()
        // A TLS socket on a closed one crashes Node 24.
        if (this._socket.destroyed) return
        if (hasInputEnded(this._socket)) {
          this.close()
          return
        }
        this.upgrade(
          () => {},
          () => this.#onSecured(),
        )
        return
      case 'go-on-at-source':
        this.#flush()
        this.#goOnAt(outcome.passage)
        return
      case 'ask':
        this.#flush()
        this.#answer = outcome.answer
        return
      case 'body':
        this.#body = outcome.body
        if (this._parser instanceof SmtpReader) this._parser.startBody(outcome.body)
        return
      default:
        unreachable(outcome)
    }
    if (this.#isAccountEnded) this.#leave(replies.accountEnded)
    else if (this.#isDraining) this.#leaveWhenDrained()
  }

  /** All that the client says is for the source, whatever it has sent already. */
  #goOnAt({ socket, first }: Passage): void {
    const reader = this._parser
    if (this._closing || this._socket.destroyed || !(reader instanceof SmtpReader)) {
      socket.destroy()
      return
    }
    const client = createPassedClient(this._socket)
    reader.passTo(client.take)
    this.#splice = createSplice({
      ...{ client: client.end, source: socket, toClient: first },
      ...{ toSource: Buffer.alloc(0), clientEnded: false, clock: this.#context.deps.clock },
    })
    void this.#splice.done.then(() => this.close())
  }

  /** It may be about to hear that a message was taken: it is told to go when nothing has gone by for a while. */
  #expirePassed(nowMs: number, { activeMs, stalledSinceMs }: Splice): void {
    if (this._closing) return
    const { smtpdTimeoutMs } = this.#context.options
    const quietMs = nowMs - (stalledSinceMs ?? activeMs)
    if (quietMs >= smtpdTimeoutMs) {
      this.#reason ??= 'timeout'
      this.#leave(replies.timeout)
    } else if (quietMs >= PASSED_QUIET_MS && (this.#isAccountEnded || this.#isDraining)) {
      this.#leave(this.#isAccountEnded ? replies.accountEnded : replies.shuttingDown)
    }
  }

  /** RFC 3207 §4.2; the library has begun a new reader, which never sees what came in clear. */
  #onSecured(): void {
    this.#secureSession()
    if (this.#isDraining) this.#leaveWhenDrained()
  }

  #secureSession(): void {
    const socket = this._socket
    if (!(socket instanceof TLSSocket)) return
    this.#session.secure(tlsFacts(socket, this.#context.options), channelBindings(socket))
  }

  #endWithErrors(): boolean {
    const { errors, authFailures } = this.#session
    const { smtpdErrorLimit } = this.#context.options
    if (errors < smtpdErrorLimit && authFailures < LOGIN_FAILURES_MAX) return false
    this.#session.logRepeated({ errors, authFailures }, 'too many errors')
    this.#leave(replies.tooManyErrors)
    return true
  }

  /** What is being answered is answered; nothing further is taken of this client. */
  #endAccount(): void {
    this.#isAccountEnded = true
    if (this.#isWorking || this._closing || this.#splice !== undefined) return
    this.#abandon('account ended')
    this.#leave(replies.accountEnded)
  }

  #leaveWhenDrained(): void {
    const isIdle = !this.#session.transaction && !this.#body && !this.#answer && !this._upgrading
    if (isIdle && !this._closing && this.#splice === undefined) this.#leave(replies.shuttingDown)
  }

  #leave(reply: Reply): void {
    if (this._upgrading) {
      // Nothing can be said in the middle of a handshake.
      this.#topSocket.destroy()
      return
    }
    this.#splice?.stop()
    // Words of ours in the middle of a reply of the source would be taken for part of it.
    if (this.#splice?.isAtLineEnd !== false) this.#say(reply)
    this.#flush()
    this.close()
    if (this.#isDraining) void this.#endLinger()
  }

  /** A client that was told to go, and does not. */
  async #endLinger(): Promise<void> {
    await this.#context.deps.clock.sleep(DRAIN_LINGER_MS)
    this.#topSocket.destroy()
  }

  /** Once. Whoever only knocks could write as many lines as he likes. */
  #tellEnd(): void {
    if (this.#isTold) return
    this.#isTold = true
    const { helo, tls, accepted, errors, account, log } = this.#session
    const fields = {
      helo: helo?.name ?? null,
      tls: tls?.protocol ?? 'none',
      reason: this.#reason ?? 'client closed',
      ms: this.#context.deps.clock.now() - this.#openedMs,
      accepted,
      errors,
      ...(this.#splice && { passed: this.#splice.counts }),
    }
    if (accepted > 0 || account) log.info(fields, 'session ended')
    else this.#session.logRepeated(fields, 'session ended')
  }

  #abandon(reason: string): void {
    this.#body?.receipt?.abort(reason)
    this.#body = undefined
    this.#session.endTransaction()
  }

  #beginWork(): void {
    this.#isWorking = true
    this.#deadline.suspend()
  }

  #say(reply: Reply): void {
    this.#replies.add(this.#context.options.softBounce ? softened(reply) : reply)
  }

  #flush(): void {
    this.#replies.flush()
  }
}
