// One client's socket under a session: reads commands, runs them one after the other however many were pipelined, sends what they
// answer, watches the clock, changes to TLS and to DEFLATE.
//
// Implementation notes: one loop (`#serve`) owns reader and session, so that nothing of a command runs beside another one. A
// client that does not read stops the loop in `room`, and then its input is not read either.

import type { Socket } from 'node:net'
import {
  CommandReader,
  type ReaderEvent,
  type ReaderLimits,
  readerLimits,
} from '#shared/imap/command-reader.ts'
import { DRAIN_LINGER_MS } from '#shared/net/drain.ts'
import type { SecureContextSource } from '#shared/net/hot-context.ts'
import { Output } from '#shared/net/output.ts'
import type { Endpoint, ListenedConnection } from '#shared/net/tcp-listener.ts'
import { startTls } from '#shared/net/tls/start-tls.ts'
import { HeldBytes } from '#shared/runtime/byte-budget.ts'
import { turns } from '#shared/runtime/turns.ts'
import { advertise } from './capabilities.ts'
import type { Completion } from './command.ts'
import { deflate } from './compression.ts'
import {
  BAD_COMMANDS_MAX,
  LINGER_MS,
  PIPELINE_BYTES_MAX,
  UNAUTHENTICATED_COMMAND_BYTES_MAX,
  UNAUTHENTICATED_LINE_BYTES_MAX,
  UNAUTHENTICATED_LITERAL_BYTES_MAX,
} from './config.ts'
import { parseRequest, type Request, runCollected, runStreamed } from './dispatch.ts'
import { COMMAND_BYTES_FREE } from './memory.ts'
import { replies } from './replies.ts'
import { type Services, Session } from './session.ts'
import { StreamedCommand } from './streamed-command.ts'
import { ConnectionGone, type Wire } from './wire.ts'

type EndReason =
  | 'logout'
  | 'client closed'
  | 'TLS failed'
  | 'DEFLATE failed'
  | 'login timeout'
  | 'idle timeout'
  | 'write timeout'
  | 'too many errors'
  | 'out of step'
  | 'bug'
  | 'shutdown'
  | 'account ended'

/** How often a connection looks whether it still waits for the same thing. */
const WATCH_INTERVAL_MS = 30_000
/** For the command that runs while the account is disabled or removed. */
const ACCOUNT_ENDED_GRACE_MS = 1_000

const limitsBeforeLogin: ReaderLimits = {
  ...readerLimits,
  lineBytesMax: UNAUTHENTICATED_LINE_BYTES_MAX,
  literalBytesMax: UNAUTHENTICATED_LITERAL_BYTES_MAX,
  commandBytesMax: UNAUTHENTICATED_COMMAND_BYTES_MAX,
}

export class Connection implements ListenedConnection, Wire {
  readonly done: Promise<void>
  readonly #services: Services
  readonly #secureContext: SecureContextSource | undefined
  readonly #session: Session
  readonly #reader = new CommandReader(limitsBeforeLogin)
  readonly #output: Output
  readonly #gone = new AbortController()
  readonly #openedMs: number
  /** Since when the client could have logged in. */
  #loggedOutSinceMs: number
  /** The connection itself; `#socket` is the layer on top of it. */
  readonly #tcp: Socket
  #socket: Socket
  /** Who waits for input. */
  #wake: (() => void) | undefined
  #inputEnded = false
  #busy = false
  #draining = false
  /** The handshake of TLS is under way. */
  #securing = false
  /** The command that runs waits for a line of the client: IDLE, AUTHENTICATE. */
  #readsLine = false
  /** Said as soon as no command runs. */
  #goodbye: { readonly text: string; readonly reason: EndReason } | undefined
  /** In a row. */
  #badCommands = 0
  /** Of the command that is being collected. */
  readonly #held: HeldBytes
  #quietSinceMs: number
  #end: EndReason | undefined
  #serving: Promise<void> = Promise.resolve()

  constructor(
    services: Services,
    socket: Socket,
    remoteAddress: string,
    secureContext: SecureContextSource | undefined,
  ) {
    this.#services = services
    this.#held = new HeldBytes(services.memory.commands)
    this.#tcp = socket
    this.#socket = socket
    this.#secureContext = secureContext
    this.#openedMs = services.clock.now()
    this.#loggedOutSinceMs = this.#openedMs
    this.#quietSinceMs = this.#openedMs
    this.#output = new Output(socket, services.clock)
    this.#session = new Session(services, {
      security: 'clear',
      tlsAvailable: secureContext !== undefined,
      compressed: false,
      channelBindings: undefined,
      remoteAddress,
    })
    this.#session.onNotification = this.#wakeUp
    this.#session.onAccountEnd = () => this.#endAccount()
    const closed = Promise.withResolvers<void>()
    socket.once('close', closed.resolve).on('error', this.#onError)
    this.done = closed.promise.then(() => this.#finish())
  }

  start(tls: Endpoint['tls']): void {
    void this.#watch()
    this.#serving = this.#serve(tls)
  }

  /** Tells the client to go as soon as no command runs; one that only waits for the client is not waited for. */
  drain(): void {
    this.#draining = true
    // Nothing can be said in the middle of a handshake.
    if (this.#securing) {
      this.destroy('shutdown')
      return
    }
    this.#goodbye ??= { text: replies.byeShutdown, reason: 'shutdown' }
    if (!this.#busy || this.#readsLine) this.#sayGoodbye()
  }

  /** A command that takes longer is cut off: whoever is no longer let in gets no more mail. */
  #endAccount(): void {
    this.#goodbye = { text: replies.byeAccountEnded, reason: 'account ended' }
    if (!this.#busy || this.#wake !== undefined) this.#sayGoodbye()
    if (this.#end !== undefined) return
    const { clock } = this.#services
    void clock
      .sleep(ACCOUNT_ENDED_GRACE_MS, this.#gone.signal)
      .then(() => this.destroy('account ended'))
  }

  destroy(reason: EndReason): void {
    this.#end ??= reason
    this.#socket.destroy()
    // Not every layer takes the connection with it.
    this.#tcp.destroy()
  }

  // ------------------------------------------------------------------------------------------- Wire

  get gone(): AbortSignal {
    return this.#gone.signal
  }

  untagged(response: string | Buffer): void {
    this.#output.write('* ')
    this.#output.write(response)
    this.#output.write('\r\n')
  }

  write(bytes: Uint8Array | string): void {
    this.#output.write(bytes)
  }

  room(): Promise<void> | undefined {
    if (this.#output.closed) throw new ConnectionGone()
    // A client that takes everything at once gives room without a turn of the event loop.
    return this.#output.room()?.then(() => turns.step()) ?? turns.step()
  }

  continuation(text: string): void {
    this.#output.write(`+ ${text}\r\n`)
  }

  async readLine(signal?: AbortSignal): Promise<Buffer | undefined> {
    while (this.#end === undefined && signal?.aborted !== true) {
      const event = this.#reader.nextLine()
      if (event !== undefined) return event.kind === 'line' ? event.text : undefined
      this.#readsLine = true
      const more = await this.#input(signal)
      this.#readsLine = false
      if (!more) return undefined
    }
    return undefined
  }

  // ---------------------------------------------------------------------------------------- reading

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk)
    if (this.#reader.pendingBytes > PIPELINE_BYTES_MAX) this.#socket.pause()
    this.#wake?.()
  }

  readonly #onEnd = (): void => {
    this.#inputEnded = true
    this.#wake?.()
  }

  readonly #onError = (error: Error): void => {
    this.#session.log.debug({ err: error }, 'connection lost')
  }

  /** Waits for more input; false when none can come or the signal aborts. */
  async #input(signal?: AbortSignal): Promise<boolean> {
    if (this.#inputEnded || this.#gone.signal.aborted) return false
    if (this.#socket.isPaused()) this.#socket.resume()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal?.addEventListener('abort', this.#wakeUp, { once: true })
    await promise
    signal?.removeEventListener('abort', this.#wakeUp)
    this.#wake = undefined
    return signal?.aborted !== true && !this.#gone.signal.aborted
  }

  readonly #wakeUp = (): void => this.#wake?.()

  /** Between commands a client that used NOTIFY is told meanwhile what happens (RFC 5465 §3.1). */
  async #nextEvent({ betweenCommands = false } = {}): Promise<ReaderEvent | undefined> {
    while (this.#end === undefined) {
      // However much was pipelined: a command or a piece of a literal, then others have their turn.
      const wait = turns.step()
      if (wait !== undefined) await wait
      if (this.#end !== undefined) return undefined
      const event = this.#reader.next()
      if (event !== undefined) {
        // A command or a piece of a streamed literal; half a line is no sign of life.
        this.#quietSinceMs = this.#services.clock.now()
        return event
      }
      if (betweenCommands && this.#session.notifications?.ready) await this.#tellNotifications()
      else if (this.#inputEnded || !(await this.#input())) return undefined
    }
    return undefined
  }

  // ---------------------------------------------------------------------------------------- serving

  async #serve(tls: Endpoint['tls']): Promise<void> {
    try {
      if (tls === 'implicit') await this.#startTls()
      else this.#listen()
      if (this.#end !== undefined) return
      this.untagged(`OK [CAPABILITY ${advertise(this.#session)}] ${this.#services.hostname} ready`)
      for (;;) {
        const event = await this.#nextEvent({ betweenCommands: true })
        if (event === undefined) break
        this.#busy = true
        await this.#handle(event)
        this.#busy = false
        this.#quietSinceMs = this.#services.clock.now()
        this.#sayGoodbye()
      }
      this.#close('client closed')
    } catch (error) {
      if (error instanceof ConnectionGone) return this.#close('client closed')
      this.#session.log.error({ err: error }, 'bug: session ended')
      this.#close('bug')
    }
  }

  async #tellNotifications(): Promise<void> {
    this.#busy = true
    await this.#session.notifications?.tellBetweenCommands(this)
    await this.#output.room()
    this.#busy = false
    const { state } = this.#session
    // RFC 2180 §3.3
    if (state.kind === 'selected' && state.selected.gone)
      this.#bye(replies.byeMailboxGone, 'logout')
    else this.#sayGoodbye()
  }

  async #handle(event: ReaderEvent): Promise<void> {
    switch (event.kind) {
      case 'command': {
        const request = parseRequest(event.segments, this.#session)
        const completion = await runCollected(this.#session, request, this)
        // A line that stood where DONE or an answer of AUTHENTICATE was expected may announce literals.
        if (completion.status === 'BAD') this.#reader.refuse()
        return this.#answer(request, completion)
      }
      case 'literal': {
        const request = parseRequest(event.segments, this.#session)
        if (event.malformed) {
          const inStep = this.#reader.refuse()
          return this.#answer(request, replies.openQuote, inStep)
        }
        if (request.command?.kind === 'streamed') return this.#runStreamed(request)
        const held = event.fits && this.#hold(event.literal.bytes)
        if (!held) {
          const inStep = this.#reader.refuse()
          const refusal = event.fits ? replies.noMemoryForCommand : replies.literalTooLarge
          return this.#answer(request, refusal, inStep)
        }
        this.#reader.buffer()
        if (event.literal.synchronising) this.continuation('go ahead')
        return
      }
      case 'too-long': {
        const start = [{ kind: 'text', bytes: event.start }] as const
        return this.#answer(parseRequest(start, this.#session), replies.tooLong)
      }
      case 'chunk':
        // Cannot happen: streamed literals are read by their feed.
        throw new Error('a chunk outside a streamed command')
    }
  }

  /** Takes memory for what the command has come to with a literal of so many bytes; false when others hold too much. */
  #hold(literalBytes: number): boolean {
    const bytes = this.#reader.collectedBytes + literalBytes - COMMAND_BYTES_FREE
    const more = bytes - this.#held.taken
    return more <= 0 || this.#held.take(more)
  }

  async #runStreamed(request: Request): Promise<void> {
    const feed = new StreamedCommand(request.cursor, this.#reader, {
      event: () => this.#nextEvent(),
      ask: () => this.continuation('send the literal'),
      utf8: this.#session.utf8,
    })
    const completion = await runStreamed(this.#session, request, feed, this)
    const inStep = feed.end()
    await this.#answer(request, completion, inStep)
  }

  /** A client that is not in step has sent on without waiting: what that is must not be read as commands. */
  async #answer({ tag }: Request, completion: Completion, inStep = true): Promise<void> {
    this.#held.give()
    const code = completion.code === undefined ? '' : `[${completion.code}] `
    this.#output.write(`${tag ?? '*'} ${completion.status} ${code}${completion.text}\r\n`)
    // Before a login every command counts: whoever wants to log in does not need many.
    const counts = completion.status === 'BAD' || this.#session.state.kind === 'not-authenticated'
    if (!counts) this.#badCommands = 0
    else if (++this.#badCommands > BAD_COMMANDS_MAX) {
      return this.#bye(replies.byeTooManyErrors, 'too many errors')
    }
    if (!inStep) return this.#bye(replies.byeOutOfStep, 'out of step')
    await this.#output.room()
    this.#limitReader()
    switch (completion.after) {
      case 'close':
        return this.#close('logout')
      case 'start-tls':
        return this.#upgradeToTls()
      case 'compress':
        return this.#compress()
      case 'turn-away':
        return this.#bye(replies.byeTooManyFailures, 'too many errors')
      case undefined:
        return
    }
  }

  /** Whoever logs in may send more; UNAUTHENTICATE takes that back. */
  #limitReader(): void {
    const loggedOut = this.#session.state.kind === 'not-authenticated'
    const limits = loggedOut ? limitsBeforeLogin : readerLimits
    if (this.#reader.limits === limits) return
    this.#reader.limits = limits
    if (loggedOut) this.#loggedOutSinceMs = this.#services.clock.now()
  }

  // ----------------------------------------------------------------------------------------- layers

  #listen(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd)
  }

  #silence(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).pause()
  }

  /** RFC 9051 §6.2.1: what was pipelined in clear behind STARTTLS must never be taken for what TLS protects. */
  async #upgradeToTls(): Promise<void> {
    this.#silence()
    this.#reader.takeRest()
    await this.#startTls()
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
    const { transport } = this.#session
    this.#session.transport = { ...transport, security: 'tls', channelBindings: bindings }
  }

  /** RFC 4978: both directions from here on, beginning with what the client has sent already. */
  async #compress(): Promise<void> {
    this.#silence()
    await this.#output.flushed()
    const compressed = deflate(this.#socket, this.#reader.takeRest())
    compressed.on('error', this.#onError).on('error', () => this.destroy('DEFLATE failed'))
    this.#socket = compressed
    this.#output.moveTo(compressed)
    this.#listen()
    this.#session.transport = { ...this.#session.transport, compressed: true }
  }

  // --------------------------------------------------------------------------------------------- end

  #sayGoodbye(): void {
    if (this.#goodbye !== undefined) this.#bye(this.#goodbye.text, this.#goodbye.reason)
  }

  #bye(text: string, reason: EndReason): void {
    if (this.#end !== undefined) return
    this.untagged(text)
    this.#close(reason)
  }

  /** Closes our end, and the client's when it does not. */
  #close(reason: EndReason): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#socket.end()
    // Read and forgotten: closing on unread input would take our last words from the client.
    this.#socket.off('data', this.#onData).resume()
    this.#wake?.()
    const { clock } = this.#services
    const lingerMs = this.#draining ? DRAIN_LINGER_MS : LINGER_MS
    void clock.sleep(lingerMs, this.#gone.signal).then(() => this.destroy(reason))
  }

  async #watch(): Promise<void> {
    const { clock } = this.#services
    while (!this.#gone.signal.aborted && this.#end === undefined) {
      const { reason, atMs } = this.#deadline()
      const leftMs = atMs - clock.now()
      if (leftMs <= 0) {
        if (reason === 'write timeout') return this.destroy(reason)
        return this.#bye(replies.byeTimeout, reason)
      }
      await clock.sleep(Math.min(leftMs, WATCH_INTERVAL_MS), this.#gone.signal)
    }
  }

  #deadline(): { readonly reason: EndReason; readonly atMs: number } {
    const { loginTimeoutMs, idleTimeoutMs, writeTimeoutMs } = this.#services.options
    const { waitingSinceMs } = this.#output
    if (waitingSinceMs !== undefined) {
      return { reason: 'write timeout', atMs: waitingSinceMs + writeTimeoutMs }
    }
    if (this.#session.state.kind === 'not-authenticated') {
      return { reason: 'login timeout', atMs: this.#loggedOutSinceMs + loginTimeoutMs }
    }
    // A command that waits for the client (IDLE, a literal) is idle too.
    const waits = !this.#busy || this.#wake !== undefined
    return { reason: 'idle timeout', atMs: waits ? this.#quietSinceMs + idleTimeoutMs : Infinity }
  }

  async #finish(): Promise<void> {
    this.#gone.abort()
    this.#output.lost()
    this.#wake?.()
    await this.#serving
    this.#held.give()
    const { log, counts, state } = this.#session
    const loggedIn = state.kind !== 'not-authenticated'
    await this.#session.end()
    const reason = this.#end ?? 'client closed'
    const ms = this.#services.clock.now() - this.#openedMs
    if (loggedIn) log.info({ reason, ms, ...counts }, 'session ended')
    else log.debug({ reason, ms }, 'connection ended')
  }
}
