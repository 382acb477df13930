// One client's socket under a line protocol (IMAP, POP3): reads what the client sends, has it answered one command after the
// other however much was pipelined, watches the clock, changes to TLS and other layers, and ends. What is said is the protocol's
// business: it brings a reader that splits the input, and answers what the reader finds.
//
// Implementation notes: one loop (`#serve`) owns reader and protocol, so that nothing of a command runs beside another one. A
// protocol that awaits `output.room()` after each answer stops the loop while the client does not read, and then its input is
// not read either.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#shared/runtime/clock.ts'
import { turns } from '#shared/runtime/turns.ts'
import { ConnectionGone } from './connection-gone.ts'
import { DRAIN_LINGER_MS } from './drain.ts'
import type { SecureContextSource } from './hot-context.ts'
import type { LineProtocol } from './line-protocol.ts'
import { Output } from './output.ts'
import { createSplice, type Splice, type SpliceCounts } from './splice.ts'
import type { Endpoint, ListenedConnection } from './tcp-listener.ts'
import { startTls } from './tls/start-tls.ts'

/** How often a connection looks whether it still waits for the same thing. */
export const WATCH_INTERVAL_MS = 30_000
/** For the command that runs while the account is disabled or removed. */
export const ACCOUNT_ENDED_GRACE_MS = 1_000

/** At another server: without a word from it after the client has closed its end. */
export const CLIENT_DONE_MS = 60_000

/** What a protocol need not name itself. */
type CommonEnd =
  | 'client closed'
  | 'TLS failed'
  | 'login timeout'
  | 'idle timeout'
  | 'write timeout'
  | 'bug'
  | 'shutdown'
  | 'account ended'
  | 'source closed'

export type LineConnectionOptions = {
  /** From the connection to the login. */
  readonly loginTimeoutMs: number
  /** Without a command, or without the rest of one that waits for the client. */
  readonly idleTimeoutMs: number
  /** Without the client taking anything of what it asked for. */
  readonly writeTimeoutMs: number
  /** Input held while a command runs; then the socket is paused. One read of the socket may come on top. */
  readonly pipelineBytesMax: number
  /** After our end of the stream is closed, how long the client may take to close its own. */
  readonly lingerMs: number
}

/** `End` are the reasons of the protocol's own for which a connection ends. */
export class LineConnection<Event, End extends string = never> implements ListenedConnection {
  readonly done: Promise<void>
  readonly output: Output
  readonly #protocol: LineProtocol<Event>
  readonly #options: LineConnectionOptions
  readonly #secureContext: SecureContextSource | undefined
  readonly #clock: Clock
  readonly #gone = new AbortController()
  readonly #openedMs: number
  /** Since when the client could have logged in. */
  #loggedOutSinceMs: number
  #quietSinceMs: number
  /** The connection itself; `#socket` is the layer on top of it. */
  readonly #tcp: Socket
  #socket: Socket
  /** Who waits for input. */
  #wake: (() => void) | undefined
  #inputEnded = false
  #busy = false
  /** The command that runs waits for a line of the client. */
  #readsLine = false
  /** The handshake of TLS is under way. */
  #securing = false
  /** The session goes on at another server. */
  #splice: Splice | undefined
  #draining = false
  #leaving: 'shutdown' | 'account ended' | undefined
  #end: CommonEnd | End | undefined
  #serving: Promise<void> = Promise.resolve()

  constructor(
    parts: {
      readonly socket: Socket
      /** Without it there is no TLS. */
      readonly secureContext: SecureContextSource | undefined
      readonly clock: Clock
      readonly options: LineConnectionOptions
    },
    /** Makes the protocol, which may use the connection from `greet` on. */
    speak: (connection: LineConnection<Event, End>) => LineProtocol<Event>,
  ) {
    const { socket, clock } = parts
    this.#options = parts.options
    this.#secureContext = parts.secureContext
    this.#clock = clock
    this.#tcp = socket
    this.#socket = socket
    this.#openedMs = clock.now()
    this.#loggedOutSinceMs = this.#openedMs
    this.#quietSinceMs = this.#openedMs
    this.output = new Output(socket, clock)
    this.#protocol = speak(this)
    const closed = Promise.withResolvers<void>()
    socket.once('close', closed.resolve).on('error', this.#onError)
    this.done = closed.promise.then(() => this.#finish())
  }

  /** Aborts when the connection is gone. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Whether it has come to its end: nothing is answered any more. */
  get ending(): boolean {
    return this.#end !== undefined
  }

  /** False in the middle of something that another server says: nothing of ours may be put in between. */
  get isAtLineEnd(): boolean {
    return this.#splice?.isAtLineEnd ?? true
  }

  start(tls: Endpoint['tls']): void {
    void this.#watch()
    this.#serving = this.#serve(tls)
  }

  /** Tells the client to go as soon as no command runs; one that only waits for a line of it is not waited for. */
  drain(): void {
    this.#draining = true
    // Nothing can be said in the middle of a handshake.
    if (this.#securing) {
      this.destroy('shutdown')
      return
    }
    this.#leaving ??= 'shutdown'
    if (!this.#busy || this.#readsLine) this.#leave()
    else if (this.#splice !== undefined) this.#leave(true)
  }

  /** A command that takes longer is cut off: whoever is no longer let in gets no more mail. */
  endAccount(): void {
    this.#leaving = 'account ended'
    if (!this.#busy || this.#wake !== undefined) this.#leave()
    else if (this.#splice !== undefined) this.#leave(true)
    if (this.#end !== undefined) return
    void this.#clock
      .sleep(ACCOUNT_ENDED_GRACE_MS, this.#gone.signal)
      .then(() => this.destroy('account ended'))
  }

  /** Closes our end, and the client's when it does not. */
  close(reason: CommonEnd | End): void {
    if (this.#end !== undefined) return
    this.#end = reason
    this.#splice?.stop()
    this.#socket.end()
    // Read and forgotten: closing on unread input would take our last words from the client.
    this.#socket.off('data', this.#onData).resume()
    this.#wake?.()
    const lingerMs = this.#draining ? DRAIN_LINGER_MS : this.#options.lingerMs
    void this.#clock.sleep(lingerMs, this.#gone.signal).then(() => this.destroy(reason))
  }

  /** Ends now. */
  destroy(reason: CommonEnd | End): void {
    this.#end ??= reason
    this.#socket.destroy()
    // Not every layer takes the connection with it.
    this.#tcp.destroy()
  }

  /** The time for a login begins anew. */
  loggedOut(): void {
    this.#loggedOutSinceMs = this.#clock.now()
  }

  /** There may be news to tell. */
  readonly wakeUp = (): void => this.#wake?.()

  // ---------------------------------------------------------------------------------------- reading

  /** For a command that is not whole yet: what comes next, undefined when nothing can. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const wait = turns.step()
      if (wait !== undefined) await wait
      const event = this.#take()
      if (event !== undefined) return event
      if (this.#end !== undefined || !(await this.#input())) return undefined
    }
  }

  /**
   * For a command that talks with the client: resolves to true when more has come, to false when nothing can or the signal
   * aborts. The client may be told to go meanwhile.
   */
  async awaitClient(signal?: AbortSignal): Promise<boolean> {
    this.#readsLine = true
    const more = await this.#input(signal)
    this.#readsLine = false
    return more
  }

  #take(): Event | undefined {
    if (this.#end !== undefined) return undefined
    const event = this.#protocol.reader.next()
    // Half a line is no sign of life.
    if (event !== undefined) this.#quietSinceMs = this.#clock.now()
    return event
  }

  async #input(signal?: AbortSignal): Promise<boolean> {
    if (this.#inputEnded || this.#gone.signal.aborted) return false
    if (this.#socket.isPaused()) this.#socket.resume()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal?.addEventListener('abort', this.wakeUp, { once: true })
    await promise
    signal?.removeEventListener('abort', this.wakeUp)
    this.#wake = undefined
    return signal?.aborted !== true && !this.#gone.signal.aborted
  }

  readonly #onData = (chunk: Buffer): void => {
    const { reader } = this.#protocol
    reader.push(chunk)
    if (reader.pendingBytes > this.#options.pipelineBytesMax) this.#socket.pause()
    this.#wake?.()
  }

  readonly #onEnd = (): void => {
    this.#inputEnded = true
    this.#wake?.()
  }

  readonly #onError = (error: Error): void => {
    this.#protocol.log.debug({ error }, 'connection lost')
  }

  // ---------------------------------------------------------------------------------------- serving

  async #serve(tls: Endpoint['tls']): Promise<void> {
    try {
      if (tls === 'implicit') await this.#shakeHands()
      else this.#listen()
      if (this.#end !== undefined) return
      this.#protocol.greet()
      await this.#answerAll()
      this.close('client closed')
    } catch (error) {
      if (error instanceof ConnectionGone) return this.close('client closed')
      this.#protocol.log.error({ error }, 'bug: session ended')
      this.close('bug')
    }
  }

  async #answerAll(): Promise<void> {
    for (;;) {
      // However much was pipelined: a command, then others have their turn.
      const wait = turns.step()
      if (wait !== undefined) await wait
      if (this.#end !== undefined) return
      const event = this.#take()
      this.#busy = true
      const work = event === undefined ? this.#protocol.tellNews?.() : this.#protocol.answer(event)
      if (work !== undefined) await work
      this.#busy = false
      if (event !== undefined) this.#quietSinceMs = this.#clock.now()
      if (event !== undefined || work !== undefined) this.#leave()
      else if (!(await this.#rest())) return
    }
  }

  /** All that has arrived is answered: false when nothing more can come. */
  async #rest(): Promise<boolean> {
    if (this.#inputEnded) return false
    this.#leave(true)
    return this.#end === undefined && this.#input()
  }

  #leave(quiet = this.#wake !== undefined): void {
    if (this.#leaving === undefined || this.#end !== undefined) return
    this.#protocol.leave(this.#leaving, { quiet })
  }

  // ----------------------------------------------------------------------------------------- layers

  #listen(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd)
  }

  /** From here on the socket keeps what comes: it is for the next layer. */
  #silence(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).pause()
  }

  /**
   * STARTTLS (RFC 9051 §6.2.1, RFC 2595 §4): what was pipelined in clear behind it must never be taken for what TLS protects.
   * Sends what is written first.
   */
  async upgradeToTls(): Promise<void> {
    this.#silence()
    this.#protocol.reader.takeRest()
    await this.#shakeHands()
  }

  async #shakeHands(): Promise<void> {
    this.#securing = true
    const bindings = await startTls({
      socket: this.#socket,
      output: this.output,
      secureContext: this.#secureContext,
      gone: this.#gone.signal,
      log: this.#protocol.log,
      adopt: (secure) => {
        this.#socket = secure.on('error', this.#onError)
        this.#listen()
      },
      fail: () => this.destroy('TLS failed'),
    })
    this.#securing = false
    if (bindings !== undefined) this.#protocol.tlsStarted(bindings)
  }

  /** Sends what is written, then goes on through a layer, which begins with what the client has sent already. */
  async changeLayer(
    make: (socket: Socket, first: Buffer) => Socket,
    failure: CommonEnd | End,
  ): Promise<void> {
    this.#silence()
    await this.output.flushed()
    const layer = make(this.#socket, this.#protocol.reader.takeRest())
    layer.on('error', this.#onError).on('error', () => this.destroy(failure))
    this.#socket = layer
    this.output.moveTo(layer)
    this.#listen()
  }

  /**
   * Sends what is written, then goes on at another server: the client is told what that says, and that what the client has sent already
   * and whatever comes. Resolves when it is over.
   */
  async goOnAt(source: { readonly socket: Duplex; readonly first: Buffer }): Promise<SpliceCounts> {
    this.#silence()
    await this.output.flushed()
    if (this.#end !== undefined || this.#gone.signal.aborted) {
      source.socket.destroy()
      return { toSource: 0, fromSource: 0 }
    }
    const splice = createSplice({
      client: this.#socket,
      source: source.socket,
      toSource: this.#protocol.reader.takeRest(),
      clientEnded: this.#inputEnded,
      toClient: source.first,
      clock: this.#clock,
    })
    this.#splice = splice
    this.#leave(true)
    this.close(await splice.done)
    return splice.counts
  }

  // --------------------------------------------------------------------------------------------- end

  async #watch(): Promise<void> {
    while (!this.#gone.signal.aborted && this.#end === undefined) {
      const { reason, atMs } = this.#deadline()
      const leftMs = atMs - this.#clock.now()
      if (leftMs <= 0) {
        return reason === 'write timeout' ? this.destroy(reason) : this.#protocol.timedOut(reason)
      }
      await this.#clock.sleep(Math.min(leftMs, WATCH_INTERVAL_MS), this.#gone.signal)
    }
  }

  #deadline() {
    const { loginTimeoutMs, idleTimeoutMs, writeTimeoutMs } = this.#options
    if (this.#splice !== undefined) {
      const { stalledSinceMs, activeMs, isClientDone } = this.#splice
      const quietMs = isClientDone ? CLIENT_DONE_MS : idleTimeoutMs
      return stalledSinceMs === undefined
        ? ({ reason: 'idle timeout', atMs: activeMs + quietMs } as const)
        : ({ reason: 'write timeout', atMs: stalledSinceMs + writeTimeoutMs } as const)
    }
    const { waitingSinceMs } = this.output
    if (waitingSinceMs !== undefined) {
      return { reason: 'write timeout', atMs: waitingSinceMs + writeTimeoutMs } as const
    }
    if (!this.#protocol.loggedIn) {
      return { reason: 'login timeout', atMs: this.#loggedOutSinceMs + loginTimeoutMs } as const
    }
    // A command that waits for the client (IDLE, a literal) is idle too.
    const waits = !this.#busy || this.#wake !== undefined
    const atMs = waits ? this.#quietSinceMs + idleTimeoutMs : Infinity
    return { reason: 'idle timeout', atMs } as const
  }

  async #finish(): Promise<void> {
    this.#gone.abort()
    this.output.lost()
    this.#wake?.()
    await this.#serving
    const { log } = this.#protocol
    const counts = await this.#protocol.end()
    const reason = this.#end ?? 'client closed'
    const ms = this.#clock.now() - this.#openedMs
    // Port scanners and health checks never log in; they are nobody's news.
    if (counts !== undefined) log.info({ reason, ms, ...counts }, 'session ended')
    else log.debug({ reason, ms }, 'connection ended')
  }
}
