// IMAP on a line connection: runs commands one after the other, sends what they answer, and is the wire on which they talk with the
// client.

import type { Socket } from 'node:net'
import {
  CommandReader,
  type ReaderEvent,
  type ReaderLimits,
  readerLimits,
} from '#shared/imap/command-reader.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import type { SecureContextSource } from '#shared/net/hot-context.ts'
import { LineConnection } from '#shared/net/line-connection.ts'
import type { LineProtocol } from '#shared/net/line-protocol.ts'
import type { SpliceCounts } from '#shared/net/splice.ts'
import type { ListenedConnection } from '#shared/net/tcp-listener.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import { HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Log } from '#shared/runtime/log.ts'
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
import { Session, type SessionDeps } from './session.ts'
import { StreamedCommand } from './streamed-command.ts'
import type { Wire } from './wire.ts'

type OwnEnd = 'logout' | 'DEFLATE failed' | 'too many errors' | 'out of step'
type ImapConnection = LineConnection<ReaderEvent, OwnEnd>

const limitsBeforeLogin: ReaderLimits = {
  ...readerLimits,
  lineBytesMax: UNAUTHENTICATED_LINE_BYTES_MAX,
  literalBytesMax: UNAUTHENTICATED_LITERAL_BYTES_MAX,
  commandBytesMax: UNAUTHENTICATED_COMMAND_BYTES_MAX,
}

export function connect(
  deps: SessionDeps,
  socket: Socket,
  remoteAddress: string,
  secureContext: SecureContextSource | undefined,
): ListenedConnection {
  const { clock, options } = deps
  const session = new Session(deps, {
    security: 'clear',
    tlsAvailable: secureContext !== undefined,
    compressed: false,
    channelBindings: undefined,
    remoteAddress,
  })
  return new LineConnection(
    {
      socket,
      secureContext,
      clock,
      options: { ...options, pipelineBytesMax: PIPELINE_BYTES_MAX, lingerMs: LINGER_MS },
    },
    (connection: ImapConnection) => new ImapProtocol(connection, session),
  )
}

class ImapProtocol implements LineProtocol<ReaderEvent>, Wire {
  readonly reader = new CommandReader(limitsBeforeLogin)
  readonly #connection: ImapConnection
  readonly #session: Session
  /** In a row. */
  #badCommands = 0
  /** Of a session that went on at another server, the bytes that went by. */
  #passed: SpliceCounts | undefined
  /** Of the command that is being collected. */
  readonly #held: HeldBytes

  constructor(connection: ImapConnection, session: Session) {
    this.#connection = connection
    this.#session = session
    this.#held = new HeldBytes(session.deps.memory.commands)
    session.onNotification = connection.wakeUp
    session.onAccountEnd = () => connection.endAccount()
  }

  get log(): Log {
    return this.#session.log
  }

  get loggedIn(): boolean {
    return this.#session.state.kind !== 'not-authenticated'
  }

  greet(): void {
    const { hostname } = this.#session.deps
    this.untagged(`OK [CAPABILITY ${advertise(this.#session)}] ${hostname} ready`)
  }

  tlsStarted(bindings: ChannelBindings): void {
    const { transport } = this.#session
    this.#session.transport = { ...transport, security: 'tls', channelBindings: bindings }
  }

  timedOut(reason: 'login timeout' | 'idle timeout'): void {
    this.#bye(replies.byeTimeout, reason)
  }

  leave(reason: 'shutdown' | 'account ended'): void {
    this.#bye(reason === 'shutdown' ? replies.byeShutdown : replies.byeAccountEnded, reason)
  }

  async end() {
    this.#held.give()
    const { counts } = this.#session
    const { loggedIn } = this
    await this.#session.end()
    return loggedIn ? (this.#passed ?? counts) : undefined
  }

  // ------------------------------------------------------------------------------------------- Wire

  get gone(): AbortSignal {
    return this.#connection.gone
  }

  untagged(response: string | Buffer): void {
    const { output } = this.#connection
    output.write('* ')
    output.write(response)
    output.write('\r\n')
  }

  write(bytes: Uint8Array | string): void {
    this.#connection.output.write(bytes)
  }

  room(): Promise<void> | undefined {
    const { output } = this.#connection
    if (output.closed) throw new ConnectionGone()
    // A client that takes everything at once gives room without a turn of the event loop.
    return output.room()?.then(() => turns.step()) ?? turns.step()
  }

  continuation(text: string): void {
    this.#connection.output.write(`+ ${text}\r\n`)
  }

  async readLine(signal?: AbortSignal): Promise<Buffer | undefined> {
    while (!this.#connection.ending && signal?.aborted !== true) {
      const event = this.reader.nextLine()
      if (event !== undefined) return event.kind === 'line' ? event.text : undefined
      if (!(await this.#connection.awaitClient(signal))) return undefined
    }
    return undefined
  }

  // --------------------------------------------------------------------------------------- commands

  /** What happens meanwhile, to a client that used NOTIFY (RFC 5465 §3.1). */
  tellNews(): Promise<void> | undefined {
    return this.#session.notifications?.ready ? this.#tellNotifications() : undefined
  }

  async #tellNotifications(): Promise<void> {
    await this.#session.notifications?.tellBetweenCommands(this)
    await this.#connection.output.room()
    const { state } = this.#session
    // RFC 2180 §3.3
    if (state.kind === 'selected' && state.selected.gone)
      this.#bye(replies.byeMailboxGone, 'logout')
  }

  async answer(event: ReaderEvent): Promise<void> {
    switch (event.kind) {
      case 'command': {
        const request = parseRequest(event.segments, this.#session)
        const completion = await runCollected(this.#session, request, this)
        // A line that stood where DONE or an answer of AUTHENTICATE was expected may announce literals.
        if (completion.status === 'BAD') this.reader.refuse()
        return this.#complete(request, completion)
      }
      case 'literal': {
        const request = parseRequest(event.segments, this.#session)
        if (event.malformed) {
          const inStep = this.reader.refuse()
          return this.#complete(request, replies.openQuote, inStep)
        }
        if (request.command?.kind === 'streamed') return this.#runStreamed(request)
        const held = event.fits && this.#hold(event.literal.bytes)
        if (!held) {
          const inStep = this.reader.refuse()
          const refusal = event.fits ? replies.noMemoryForCommand : replies.literalTooLarge
          return this.#complete(request, refusal, inStep)
        }
        this.reader.buffer()
        if (event.literal.synchronising) this.continuation('go ahead')
        return
      }
      case 'too-long': {
        const start = [{ kind: 'text', bytes: event.start }] as const
        return this.#complete(parseRequest(start, this.#session), replies.tooLong)
      }
      case 'chunk':
        // Cannot happen: streamed literals are read by their feed.
        throw new Error('a chunk outside a streamed command')
    }
  }

  /** Takes memory for what the command has come to with a literal of so many bytes; false when others hold too much. */
  #hold(literalBytes: number): boolean {
    const bytes = this.reader.collectedBytes + literalBytes - COMMAND_BYTES_FREE
    const more = bytes - this.#held.taken
    return more <= 0 || this.#held.take(more)
  }

  async #runStreamed(request: Request): Promise<void> {
    const feed = new StreamedCommand(request.cursor, this.reader, {
      event: () => this.#connection.next(),
      ask: () => this.continuation('send the literal'),
      utf8: this.#session.utf8,
    })
    const completion = await runStreamed(this.#session, request, feed, this)
    const inStep = feed.end()
    await this.#complete(request, completion, inStep)
  }

  /** A client that is not in step has sent on without waiting: what that is must not be read as commands. */
  async #complete({ tag }: Request, completion: Completion, inStep = true): Promise<void> {
    this.#held.give()
    const code = completion.code === undefined ? '' : `[${completion.code}] `
    this.#connection.output.write(
      `${tag ?? '*'} ${completion.status} ${code}${completion.text}\r\n`,
    )
    // Before a login every command counts: whoever wants to log in does not need many.
    const counts = completion.status === 'BAD' || this.#session.state.kind === 'not-authenticated'
    if (!counts) this.#badCommands = 0
    else if (++this.#badCommands > BAD_COMMANDS_MAX) {
      return this.#bye(replies.byeTooManyErrors, 'too many errors')
    }
    if (!inStep) return this.#bye(replies.byeOutOfStep, 'out of step')
    await this.#connection.output.room()
    this.#limitReader()
    switch (completion.after) {
      case 'close':
        return this.#connection.close('logout')
      case 'start-tls':
        return this.#connection.upgradeToTls()
      case 'compress':
        return this.#compress()
      case 'go-on-at-source':
        return this.#goOnAtSource()
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
    if (this.reader.limits === limits) return
    this.reader.limits = limits
    if (loggedOut) this.#connection.loggedOut()
  }

  /** RFC 4978 */
  async #compress(): Promise<void> {
    await this.#connection.changeLayer(deflate, 'DEFLATE failed')
    this.#session.transport = { ...this.#session.transport, compressed: true }
  }

  /** What the client has sent behind its login is for the source. */
  async #goOnAtSource(): Promise<void> {
    const { passage } = this.#session
    // Cannot happen: the login has brought it.
    if (passage === undefined) throw new Error('no passage')
    this.#passed = await this.#connection.goOnAt(passage)
  }

  #bye(text: string, reason: Parameters<ImapConnection['close']>[0]): void {
    if (this.#connection.ending) return
    if (this.#connection.isAtLineEnd) this.untagged(text)
    this.#connection.close(reason)
  }
}
