// ManageSieve on a line connection: runs commands one after the other and sends what they answer. Commands and literals are split by
// the reader of IMAP, whose grammar of lines, quotes and literals is the same; that strings never go over lines is, too.

import type { Socket } from 'node:net'
import { CommandReader, type ReaderEvent, type ReaderLimits } from '#shared/imap/command-reader.ts'
import type { SecureContextSource } from '#shared/net/hot-context.ts'
import { LineConnection } from '#shared/net/line-connection.ts'
import type { LineProtocol } from '#shared/net/line-protocol.ts'
import type { SpliceCounts } from '#shared/net/splice.ts'
import type { ListenedConnection } from '#shared/net/tcp-listener.ts'
import type { ChannelBindings } from '#shared/net/tls/channel-binding.ts'
import { HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Log } from '#shared/runtime/log.ts'
import { capabilityLines } from './capabilities.ts'
import { type Challenge, isChallenge, type Outcome } from './command.ts'
import {
  BAD_COMMANDS_MAX,
  COMMAND_BYTES_MAX,
  LINE_BYTES_MAX,
  LINGER_MS,
  LITERAL_BYTES_MAX,
  LITERALS_MAX,
  PIPELINE_BYTES_MAX,
  SKIPPED_BYTES_MAX,
  UNAUTHENTICATED_COMMAND_BYTES_MAX,
  UNAUTHENTICATED_LITERAL_BYTES_MAX,
} from './config.ts'
import { commandName, runAnswer, runCommand } from './dispatch.ts'
import { COMMAND_BYTES_FREE } from './memory.ts'
import { formatStatus, type Reply, replies } from './replies.ts'
import { Session, type SessionDeps } from './session.ts'
import { formatString } from './strings.ts'

type OwnEnd = 'logout' | 'too many errors' | 'out of step'
type ManageSieveConnection = LineConnection<ReaderEvent, OwnEnd>
type EndReason = Parameters<ManageSieveConnection['close']>[0]

const limitsBeforeLogin: ReaderLimits = {
  lineBytesMax: LINE_BYTES_MAX,
  literalBytesMax: UNAUTHENTICATED_LITERAL_BYTES_MAX,
  commandBytesMax: UNAUTHENTICATED_COMMAND_BYTES_MAX,
  literalsMax: LITERALS_MAX,
}

const limitsAfterLogin: ReaderLimits = {
  ...limitsBeforeLogin,
  literalBytesMax: LITERAL_BYTES_MAX,
  commandBytesMax: COMMAND_BYTES_MAX,
}

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
    (connection: ManageSieveConnection) => {
      const transport = { security: 'clear', tlsAvailable, channelBindings: undefined } as const
      const session = new Session(deps, { ...transport, remoteAddress }, connection.gone)
      return new ManageSieveProtocol(connection, session)
    },
  )
}

class ManageSieveProtocol implements LineProtocol<ReaderEvent> {
  readonly reader = new CommandReader(limitsBeforeLogin)
  readonly #connection: ManageSieveConnection
  readonly #session: Session
  /** The next line is no command but the answer to it. */
  #challenge: Challenge | undefined
  /** In a row. */
  #badCommands = 0
  /** Of a session that went on at another server, the bytes that went by. */
  #passed: SpliceCounts | undefined
  /** Of the command that is being collected. */
  readonly #held: HeldBytes

  constructor(connection: ManageSieveConnection, session: Session) {
    this.#connection = connection
    this.#session = session
    this.#held = new HeldBytes(session.deps.memory)
    session.onAccountEnd = () => connection.endAccount()
  }

  get log(): Log {
    return this.#session.log
  }

  get loggedIn(): boolean {
    return this.#session.account !== undefined
  }

  greet(): void {
    this.#announce(replies.ready(this.#session.deps.hostname))
  }

  tlsStarted(channelBindings: ChannelBindings): void {
    const { transport } = this.#session
    this.#session.transport = { ...transport, security: 'tls', channelBindings }
  }

  timedOut(reason: 'login timeout' | 'idle timeout'): void {
    this.#bye(replies.timeout, reason)
  }

  leave(reason: 'shutdown' | 'account ended'): void {
    this.#bye(reason === 'shutdown' ? replies.shutdown : replies.accountEnded, reason)
  }

  async end() {
    this.#held.give()
    const { counts, wasLoggedIn } = this.#session
    this.#session.logOut()
    return wasLoggedIn ? (this.#passed ?? counts) : undefined
  }

  async answer(event: ReaderEvent): Promise<void> {
    switch (event.kind) {
      case 'command': {
        const challenge = this.#takeChallenge()
        const { segments } = event
        return this.#complete(
          await (challenge === undefined
            ? runCommand(this.#session, segments)
            : runAnswer(this.#session, challenge, segments)),
        )
      }
      case 'literal': {
        const refused = this.#refusalOf(event)
        if (refused === undefined) return this.reader.buffer()
        this.#takeChallenge()
        const inStep = this.reader.refuse()
        if (!inStep) return this.#bye(replies.outOfStep, 'out of step')
        const canSkip = event.literal.bytes <= SKIPPED_BYTES_MAX
        return canSkip
          ? this.#complete(refused)
          : this.#bye({ ...refused, status: 'BYE' }, 'out of step')
      }
      case 'too-long':
        this.#takeChallenge()
        return this.#complete(replies.lineTooLong)
      case 'chunk':
        // Cannot happen: no literal is streamed.
        throw new Error('a chunk of a literal that was not asked for')
    }
  }

  #takeChallenge(): Challenge | undefined {
    const challenge = this.#challenge
    this.#challenge = undefined
    return challenge
  }

  /** Before any of its bytes is taken. */
  #refusalOf({
    segments,
    literal,
    fits,
    malformed,
  }: ReaderEvent & { readonly kind: 'literal' }): Reply | undefined {
    if (malformed) return replies.syntax('a quote at the end of the string')
    if (literal.synchronising) return replies.synchronisingLiteral
    const isScript = this.loggedIn && commandName(segments) === 'PUTSCRIPT'
    const { scriptBytesMax } = this.#session.shelf.limits
    if (isScript && literal.bytes > scriptBytesMax) return replies.scriptTooLarge(scriptBytesMax)
    if (!fits) return replies.literalTooLarge
    return this.#hold(literal.bytes) ? undefined : replies.noMemory
  }

  /** Takes memory for what the command has come to with a literal of so many bytes; false when others hold too much. */
  #hold(literalBytes: number): boolean {
    const bytes = this.reader.collectedBytes + literalBytes - COMMAND_BYTES_FREE
    const more = bytes - this.#held.taken
    return more <= 0 || this.#held.take(more)
  }

  async #complete(outcome: Outcome): Promise<void> {
    this.#held.give()
    const { output } = this.#connection
    if (isChallenge(outcome)) {
      this.#challenge = outcome
      output.write(`${formatString(outcome.text)}\r\n`)
      return
    }
    // Before a login every command counts: whoever wants to log in does not need many.
    if (!outcome.misuse && this.loggedIn) this.#badCommands = 0
    else if (++this.#badCommands > BAD_COMMANDS_MAX) {
      return this.#bye(replies.tooManyErrors, 'too many errors')
    }
    if (outcome.status === 'BYE') return this.#bye(outcome, endReason(outcome))
    this.#write(outcome)
    await output.room()
    this.#limitReader()
    if (outcome.after === 'close') this.#connection.close('logout')
    if (outcome.after === 'go-on-at-source') {
      const { passage } = this.#session
      // Cannot happen: the login has brought it.
      if (passage === undefined) throw new Error('no passage')
      this.#passed = await this.#connection.goOnAt(passage)
      return
    }
    if (outcome.after === 'start-tls') {
      await this.#connection.upgradeToTls()
      // RFC 5804 §2.2: told anew, since what was told in clear may have been somebody else's.
      if (this.#session.transport.security === 'tls') this.#announce(replies.tlsStarted)
    }
  }

  #write(reply: Reply): void {
    const { output } = this.#connection
    for (const piece of reply.data ?? []) output.write(piece)
    output.write(formatStatus(reply))
  }

  #announce(reply: Reply): void {
    this.#write({ ...reply, data: capabilityLines(this.#session) })
  }

  /** Whoever logs in may send more; UNAUTHENTICATE takes that back. */
  #limitReader(): void {
    const limits = this.loggedIn ? limitsAfterLogin : limitsBeforeLogin
    if (this.reader.limits === limits) return
    this.reader.limits = limits
    if (!this.loggedIn) this.#connection.loggedOut()
  }

  #bye(reply: Reply, reason: EndReason): void {
    if (this.#connection.ending) return
    if (this.#connection.isAtLineEnd) this.#write(reply)
    this.#connection.close(reason)
  }
}

const endReason = (reply: Reply): EndReason =>
  reply === replies.accountEnded ? 'account ended' : 'too many errors'
