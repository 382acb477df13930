// The conversation with one filter in one SMTP session: its connection, what was negotiated, and what it has said so far of the client and
// of the message. Commands of the dialogue come here through dialogue.ts, the message through message.ts.
//
// Implementation notes:
// - What it says of connection or HELO other than to go on ends its part in the session (Postfix's milter8.c); discarding is not for then.
// - After a failure it is not asked again in this session, and its default action stands for it.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Log } from '#shared/runtime/log.ts'
import { defaultReply, type MilterAnswer, milterAnswer } from './answers.ts'
import type { MilterConnection } from './connection.ts'
import { type Macros, macroPairs } from './macros.ts'
import { type Milter, MilterLeftAlone } from './milter.ts'
import { encodePacket, encodeStrings, MilterFailure, type Packet } from './packet.ts'
import { type MacroStage, type Negotiated, negotiated, offer } from './protocol.ts'

/** What is told, which bit says that it is not wanted, and which that it is not answered. */
export type MilterEvent = {
  readonly command: string
  readonly data: Uint8Array
  readonly unwanted: number
  readonly silent: number
  /** The version that knows it. */
  readonly since?: number
}

type State =
  /** Not asked yet. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'open'; readonly connection: MilterConnection; readonly terms: Negotiated }
  /** It takes whatever comes of this client. */
  | { readonly kind: 'accepts' }
  | { readonly kind: 'refuses'; readonly reply: SmtpReply }
  | { readonly kind: 'failed'; readonly reason: string }

/** What it said of the message that is under way. */
type MessageState = 'none' | 'open' | 'accepted' | 'discarded'

/** Signs of life (`p`) that a filter may give before it answers: each begins the time anew. */
const SIGNS_OF_LIFE_MAX = 10_000

export class Conversation {
  readonly milter: Milter
  readonly #log: Log
  #state: State = { kind: 'fresh' }
  #message: MessageState = 'none'
  #isGivenUp = false
  /** Until it is negotiated what is said on it. */
  #opening: MilterConnection | undefined

  constructor(milter: Milter, log: Log) {
    this.milter = milter
    this.#log = log.child({ milter: milter.options.name })
  }

  get isFresh(): boolean {
    return this.#state.kind === 'fresh'
  }

  /** Whether it wants to see the message. */
  get isInMessage(): boolean {
    return this.#state.kind === 'open' && this.#message === 'open'
  }

  /** Its client left, or is to leave: what was not heard to its end is not to be taken. */
  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  get isDiscarded(): boolean {
    return this.#message === 'discarded'
  }

  /** Why it failed; undefined where it did not. */
  get failure(): string | undefined {
    return this.#state.kind === 'failed' ? this.#state.reason : undefined
  }

  /** What stands whatever the client says next. */
  get standingReply(): SmtpReply | undefined {
    if (this.#state.kind === 'refuses') return this.#state.reply
    return this.#state.kind === 'failed'
      ? defaultReply(this.milter.options.defaultAction)
      : undefined
  }

  get terms(): Negotiated | undefined {
    return this.#state.kind === 'open' ? this.#state.terms : undefined
  }

  has(wish: number): boolean {
    return ((this.terms?.wishes ?? 0) & wish) !== 0
  }

  mayDo(action: number): boolean {
    return ((this.terms?.actions ?? 0) & action) !== 0
  }

  async open(): Promise<void> {
    const { version, connectTimeoutMs, commandTimeoutMs } = this.milter.options
    try {
      const connection = await this.milter.connect()
      this.#opening = connection
      this.#checkFresh()
      await connection.write(offer(version), connectTimeoutMs)
      const terms = negotiated(await connection.read(commandTimeoutMs), version)
      this.#checkFresh()
      this.#state = { kind: 'open', connection, terms }
    } catch (error) {
      // Unless it was the client that left.
      if (this.#opening !== undefined && this.#state.kind === 'fresh') this.milter.noteUnreachable()
      this.#opening?.destroy()
      this.#fail(error)
    } finally {
      this.#opening = undefined
    }
  }

  /** An event before MAIL. */
  async ofClient(event: MilterEvent): Promise<void> {
    const answer = await this.#ask(event)
    if (answer?.kind === 'accept') this.#leave({ kind: 'accepts' })
    if (answer?.kind === 'refuse') this.#leave({ kind: 'refuses', reply: answer.reply })
  }

  /** MAIL begins a message; what it refuses then it will not hear of. */
  async ofMail(event: MilterEvent): Promise<SmtpReply | undefined> {
    this.#isGivenUp = false
    if (this.#state.kind !== 'open') return this.standingReply
    this.#message = 'open'
    const reply = await this.ofMessage(event)
    if (reply !== undefined) this.abort()
    return reply
  }

  /** RCPT, DATA. */
  async ofMessage(event: MilterEvent): Promise<SmtpReply | undefined> {
    if (!this.isInMessage) return this.standingReply
    const answer = await this.#ask(event)
    switch (answer?.kind) {
      case 'refuse':
        return answer.reply
      case 'accept':
        this.#message = 'accepted'
        return undefined
      case 'discard':
        this.#message = 'discarded'
        return undefined
      default:
        return this.standingReply
    }
  }

  /** A command that is none: only a refusal counts. */
  async ofUnknown(event: MilterEvent): Promise<SmtpReply | undefined> {
    const answer = await this.#ask(event)
    return answer?.kind === 'refuse' ? answer.reply : undefined
  }

  /** Of the message itself. Rejects with MilterFailure. */
  async tell(event: MilterEvent): Promise<MilterAnswer> {
    const { connection, terms } = this.#opened()
    const { contentTimeoutMs } = this.milter.options
    if ((terms.wishes & event.unwanted) !== 0) return { kind: 'continue' }
    await connection.write(encodePacket(event.command, event.data), contentTimeoutMs)
    if ((terms.wishes & event.silent) !== 0) return { kind: 'continue' }
    return this.#answer(connection, contentTimeoutMs)
  }

  /** A command without data whose answers are read one by one. Rejects with MilterFailure. */
  async say(command: string): Promise<void> {
    const { connection } = this.#opened()
    await connection.write(encodePacket(command), this.milter.options.contentTimeoutMs)
  }

  /** What comes after the end of the message. Rejects with MilterFailure. */
  async read(): Promise<Packet> {
    const { connection } = this.#opened()
    return this.#next(connection, this.milter.options.contentTimeoutMs)
  }

  /** Before the event, also where that is not wanted (Postfix). Rejects with MilterFailure. */
  async tellMacros(command: string, stage: MacroStage, values: Macros): Promise<void> {
    const { connection, terms } = this.#opened()
    const names = terms.macros.get(stage) ?? this.milter.options.macros[stage]
    const pairs = encodeStrings(macroPairs(names, values), 'utf8')
    const data = Buffer.concat([Buffer.from(command, 'latin1'), pairs])
    await connection.write(encodePacket('D', data), this.milter.options.commandTimeoutMs)
  }

  /** The same where a failure is noted and its default action follows. */
  async announce(command: string, stage: MacroStage, values: Macros): Promise<void> {
    if (this.#state.kind !== 'open') return
    try {
      await this.tellMacros(command, stage, values)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The message was judged: the next one may come. */
  finishMessage(): void {
    this.#message = 'none'
  }

  /** The client gives the message up. */
  giveUp(): void {
    this.#isGivenUp = true
    this.abort()
  }

  /** The filter forgets the message. */
  abort(): void {
    const wasUnderWay = this.#message !== 'none'
    this.#message = 'none'
    if (!wasUnderWay || this.#state.kind !== 'open') return
    const { commandTimeoutMs } = this.milter.options
    this.#state.connection
      .write(encodePacket('A'), commandTimeoutMs)
      .catch((error: unknown) => this.#fail(error))
  }

  fail(error: unknown): void {
    this.#fail(error)
  }

  close(): void {
    this.#isGivenUp = true
    this.#opening?.destroy()
    this.#leave({ kind: 'accepts' })
  }

  /** It may have been left in the meantime. */
  #checkFresh(): void {
    if (this.#state.kind !== 'fresh') throw new MilterFailure('is left')
  }

  async #ask(event: MilterEvent): Promise<MilterAnswer | undefined> {
    if (this.#state.kind !== 'open') return undefined
    const { connection, terms } = this.#state
    if ((terms.wishes & event.unwanted) !== 0) return undefined
    if (terms.version < (event.since ?? 0)) return undefined
    const { commandTimeoutMs } = this.milter.options
    try {
      await connection.write(encodePacket(event.command, event.data), commandTimeoutMs)
      if ((terms.wishes & event.silent) !== 0) return undefined
      return await this.#answer(connection, commandTimeoutMs)
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  async #answer(connection: MilterConnection, timeoutMs: number): Promise<MilterAnswer> {
    const packet = await this.#next(connection, timeoutMs)
    const answer = milterAnswer(packet)
    if (answer === undefined) throw new MilterFailure(`answers ${packet.command} to an event`)
    return answer
  }

  async #next(connection: MilterConnection, timeoutMs: number): Promise<Packet> {
    for (let signs = 0; signs < SIGNS_OF_LIFE_MAX; signs++) {
      const packet = await connection.read(timeoutMs)
      if (packet.command !== 'p') return packet
    }
    throw new MilterFailure('makes progress without end')
  }

  #opened() {
    if (this.#state.kind !== 'open') throw new MilterFailure('is left')
    return this.#state
  }

  #fail(error: unknown): void {
    if (!(error instanceof MilterFailure)) throw error
    // Left on purpose, while something was under way.
    if (this.#state.kind !== 'fresh' && this.#state.kind !== 'open') return
    const reason = error.message
    this.#leave({ kind: 'failed', reason })
    const fields = { reason, action: this.milter.options.defaultAction }
    // It was told when it was tried.
    if (error instanceof MilterLeftAlone) this.#log.debug(fields, 'milter failed')
    else this.#log.warn(fields, 'milter failed')
  }

  #leave(state: State): void {
    if (this.#state.kind === 'open') this.#state.connection.close()
    this.#state = state
  }
}
