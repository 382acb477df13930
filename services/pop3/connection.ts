// POP3 on a line connection: answers lines in order, one command at a time, and sends the replies.

import type { Socket } from 'node:net'
import type { SecureContextSource } from '#shared/net/hot-context.ts'
import { LineConnection } from '#shared/net/line-connection.ts'
import type { LineProtocol } from '#shared/net/line-protocol.ts'
import type { SpliceCounts } from '#shared/net/splice.ts'
import type { ListenedConnection } from '#shared/net/tcp-listener.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import { AUTH_LINE_BYTES_MAX, LINGER_MS, PIPELINE_BYTES_MAX } from './config.ts'
import { parseRequest, runRequest } from './dispatch.ts'
import { type Line, LineReader } from './line-reader.ts'
import { type Reply, replies } from './replies.ts'
import { MessageUnreadable, writeListing, writeMessage } from './reply-writer.ts'
import { Session, type SessionDeps } from './session.ts'

type Pop3Connection = LineConnection<Line, 'quit' | 'turned away' | 'message unreadable'>

export function connect(
  deps: SessionDeps,
  socket: Socket,
  remoteAddress: string,
  secureContext: SecureContextSource | undefined,
): ListenedConnection {
  const { clock, options } = deps
  const tlsAvailable = secureContext !== undefined
  return new LineConnection(
    {
      socket,
      secureContext,
      clock,
      options: { ...options, pipelineBytesMax: PIPELINE_BYTES_MAX, lingerMs: LINGER_MS },
    },
    (connection: Pop3Connection) => {
      const transport = { security: 'clear', tlsAvailable, channelBindings: undefined } as const
      const session = new Session(deps, { ...transport, remoteAddress }, connection.gone)
      return new Pop3Protocol(connection, session)
    },
  )
}

class Pop3Protocol implements LineProtocol<Line> {
  readonly reader = new LineReader(AUTH_LINE_BYTES_MAX)
  readonly #connection: Pop3Connection
  readonly #session: Session
  /** Of a session that went on at another server, the bytes that went by. */
  #passed: SpliceCounts | undefined
  /** The next line is no command but the answer to a challenge. */
  #expected: ((line: string) => Reply | Promise<Reply>) | undefined

  constructor(connection: Pop3Connection, session: Session) {
    this.#connection = connection
    this.#session = session
    session.onAccountEnd = () => connection.endAccount()
  }

  get log(): Log {
    return this.#session.log
  }

  get loggedIn(): boolean {
    return this.#session.loggedIn
  }

  greet(): void {
    const { status } = replies.greeting(this.#session.deps.hostname)
    this.#connection.output.write(`${status}\r\n`)
  }

  async answer(line: Line): Promise<void> {
    const { output } = this.#connection
    // Nothing is removed for a client that is gone, whatever it has pipelined.
    if (output.closed) return
    const expected = this.#expected
    if (expected !== undefined) {
      this.#expected = undefined
      const reply =
        line.kind === 'too-long' ? replies.authMalformed : expected(line.bytes.toString('latin1'))
      return this.#send(await reply)
    }
    const request = parseRequest(line)
    if (request.kind === 'command' && request.command.waitsForOutput) {
      await output.flushed()
      if (output.closed) return
    }
    return this.#send(await runRequest(this.#session, request))
  }

  tlsStarted(bindings: ChannelBindings): void {
    this.#session.tlsStarted(bindings)
  }

  /** RFC 1939 §3: closed without a reply, and nothing is removed. */
  timedOut(reason: 'login timeout' | 'idle timeout'): void {
    this.#connection.destroy(reason)
  }

  /** All that has arrived is answered before a stop, and what is marked may go with its QUIT. */
  leave(reason: 'shutdown' | 'account ended', { quiet }: { readonly quiet: boolean }): void {
    // What was marked stays (RFC 1939 §6).
    if (reason === 'account ended') {
      const { isAtLineEnd, output } = this.#connection
      if (isAtLineEnd) output.write(`${replies.accountEnded.status}\r\n`)
      this.#connection.close(reason)
    } else if (quiet && !this.#awaitsQuit()) this.#connection.close(reason)
  }

  async end() {
    const { counts, loggedIn } = this.#session
    await this.#session.abandon()
    return loggedIn ? (this.#passed ?? counts) : undefined
  }

  #awaitsQuit(): boolean {
    const { state } = this.#session
    return state.kind === 'TRANSACTION' && state.maildrop.markedUids().length > 0
  }

  async #send(reply: Reply): Promise<void> {
    const { output } = this.#connection
    switch (reply.kind) {
      case 'status':
        output.write(`${reply.status}\r\n`)
        if (reply.after === 'close') {
          this.#connection.close(isAnswerToQuit(reply) ? 'quit' : 'turned away')
        }
        if (reply.after === 'go-on-at-source') return this.#goOnAtSource()
        if (reply.after === 'start-tls') await this.#connection.upgradeToTls()
        break
      case 'listing':
        await writeListing(output, reply)
        break
      case 'message':
        await this.#sendMessage(reply)
        break
      case 'challenge':
        output.write(`${reply.status}\r\n`)
        this.#expected = reply.answer
        break
      default:
        return unreachable(reply)
    }
    await output.room()
  }

  async #goOnAtSource(): Promise<void> {
    const { state } = this.#session
    // Cannot happen: the login has brought it.
    if (state.kind !== 'at the source') throw new Error('no passage')
    this.#passed = await this.#connection.goOnAt(state.passage)
  }

  async #sendMessage(reply: Reply & { readonly kind: 'message' }): Promise<void> {
    const session = this.#session
    try {
      session.counts.octets += await writeMessage(this.#connection.output, reply)
    } catch (error) {
      if (!(error instanceof MessageUnreadable)) throw error
      session.log.error({ error }, 'message unreadable')
      // Half a message must not look like a whole one: no last line, and the connection ends.
      if (error.begun) return this.#connection.close('message unreadable')
      const { cause } = error
      const temporary = cause instanceof TemporaryFailure
      await this.#send(temporary ? replies.unavailable : replies.messageUnreadable)
    }
  }
}

function isAnswerToQuit(reply: Reply): boolean {
  return reply === replies.bye || reply === replies.notAllRemoved
}
