// One mail transaction in an open session, MAIL to the answer to the message, and what it meant for each recipient. Commands go in one piece
// where the host takes that (RFC 2920), a small message with them where it takes BDAT (RFC 3030).
//
// Implementation notes: `#told` has a result for each recipient as soon as there is one, and never changes it, so that whenever the
// conversation is lost what was known is known.

import type { DeliveryResult, Undelivered } from '#shared/contracts/delivery.ts'
import type { HopPolicy } from '../hop-policy.ts'
import { defer, oneLine, readReply } from '../outcome.ts'
import { mailCommand, rcptCommand } from './commands.ts'
import { findHostObstacles, needsSmtpUtf8, sizeLimit } from './host-limits.ts'
import type { Mailing } from './mailing.ts'
import { classOf, type Reply, textOf } from './reply.ts'
import { MessageUnreadable, readWhole, sendBody } from './send-body.ts'
import { type Session, tellLoss } from './session.ts'
import { ConversationLost } from './wire.ts'

/** A message that is sent together with MAIL and RCPT: what is read for nothing where all recipients are refused. */
export const BDAT_TOGETHER_BYTES_MAX = 32_768

export type Told = {
  readonly result: DeliveryResult
  /** Another host may do better. */
  readonly isOpen: boolean
}

export type Transacted =
  | {
      readonly kind: 'done'
      /** One for each recipient, in order. */
      readonly told: readonly Told[]
      /** The conversation was lost, which is said against the destination. */
      readonly lost: Undelivered | undefined
    }
  /** A session that was used before was over already, and nothing has been sent. */
  | { readonly kind: 'stale' }

export async function transact(
  session: Session,
  mailing: Mailing,
  policy: Pick<HopPolicy, 'timeouts' | 'convertsTo7Bit'>,
): Promise<Transacted> {
  return await new Transaction(session, mailing, policy).run()
}

class Transaction {
  readonly #session: Session
  readonly #mailing: Mailing
  readonly #policy: Pick<HopPolicy, 'timeouts' | 'convertsTo7Bit'>
  readonly #told: (Told | undefined)[]
  /** Places of recipients in the order of their RCPT; then of those that were accepted. */
  #asked: readonly number[] = []
  #accepted: number[] = []
  #doing = 'sending MAIL FROM'
  /** What it said as it closed the session. */
  #farewell: Reply | undefined
  /** The end of the message may have reached the host. */
  #mayBeTaken = false
  /** Of the message itself something was sent. */
  #hasBegun = false
  #senderRefused: Told | undefined

  constructor(
    session: Session,
    mailing: Mailing,
    policy: Pick<HopPolicy, 'timeouts' | 'convertsTo7Bit'>,
  ) {
    this.#session = session
    this.#policy = policy
    const obstacles = findHostObstacles(session, mailing)
    this.#told = [...obstacles]
    this.#asked = mailing.recipients.flatMap((_, i) => (obstacles[i] === undefined ? [i] : []))
    const recipients = this.#asked.flatMap((i) => mailing.recipients[i] ?? [])
    this.#mailing = { ...mailing, recipients }
  }

  async run(): Promise<Transacted> {
    if (this.#asked.length === 0) return this.#done(undefined)
    this.#session.uses += 1
    try {
      const isFresh = await this.#converse()
      return isFresh ? this.#done(undefined) : { kind: 'stale' }
    } catch (error) {
      if (error instanceof MessageUnreadable) return this.#unreadable(error)
      if (!(error instanceof ConversationLost)) throw error
      return this.#lose(error)
    }
  }

  /** False where the session was over before. */
  async #converse(): Promise<boolean> {
    const { pipelines, extensions, wire, uses } = this.#session
    const { mailMs, rcptMs } = this.#policy.timeouts
    const isReused = uses > 1
    const form = await this.#form()
    const commands = [
      mailCommand(extensions, this.#mailing, form),
      ...this.#mailing.recipients.map((recipient) => rcptCommand(extensions, recipient)),
    ]
    // Not in a session that may be over: a whole message would be in it.
    const together =
      pipelines && !isReused && extensions.has('CHUNKING') && form.bytes <= BDAT_TOGETHER_BYTES_MAX
        ? await readWhole(form.read())
        : undefined
    if (pipelines) {
      const rest = together === undefined ? 'DATA\r\n' : `BDAT ${together.length} LAST\r\n`
      const group = `${isReused ? 'RSET\r\n' : ''}${commands.join('\r\n')}\r\n${rest}`
      if (together !== undefined) {
        this.#mayBeTaken = true
        this.#hasBegun = true
      }
      wire.write(together === undefined ? group : Buffer.concat([Buffer.from(group), together]))
    } else if (isReused) wire.write('RSET\r\n')
    if (isReused && !(await this.#isAlive())) return false

    const [mail = '', ...rcpts] = commands
    const sender = await this.#ask(mail, mailMs)
    if (classOf(sender) !== 2) {
      if (isReused && sender.code === 421) return false
      this.#senderRefused = this.#refusal(sender, 'MAIL FROM command')
    }
    for (const [n, rcpt] of rcpts.entries()) {
      if (this.#senderRefused !== undefined && !pipelines) break
      this.#doing = 'sending RCPT TO'
      this.#recipient(this.#asked[n] ?? 0, await this.#ask(rcpt, rcptMs))
    }
    if (together === undefined) return await this.#data(form, isReused)
    await this.#answers('end of DATA command')
    return true
  }

  /** RFC 2920 §3.1: without PIPELINING each waits for the answer to the one before. */
  async #ask(command: string, timeoutMs: number): Promise<Reply> {
    if (!this.#session.pipelines) this.#session.wire.write(`${command}\r\n`)
    return await this.#reply(timeoutMs)
  }

  async #isAlive(): Promise<boolean> {
    const { code } = await this.#reply(this.#policy.timeouts.rsetMs)
    return code === 250
  }

  #recipient(place: number, reply: Reply): void {
    // Of a sender who is refused nobody has a recipient; what is said of them then means nothing.
    if (this.#senderRefused !== undefined) return
    if (classOf(reply) === 2) {
      this.#accepted.push(place)
      return
    }
    const refusal = this.#refusal(reply, 'RCPT TO command')
    const { status, reply: words } = readReply(textOf(reply), this.#session.name, 'RCPT TO command')
    // RFC 5321 §4.5.3.1.10: 552 may mean "too many recipients", so the rest comes later; a full mailbox says 5.2.2.
    const tooMany = reply.code === 552 && status !== '5.2.2' && this.#accepted.length > 0
    this.#told[place] = tooMany ? { result: defer('4.5.3', words), isOpen: true } : refusal
  }

  async #data(form: Form, isReused: boolean): Promise<boolean> {
    const { wire, pipelines } = this.#session
    const { timeouts } = this.#policy
    if (this.#accepted.length === 0 && !pipelines) return true
    this.#doing = 'sending DATA command'
    const go = await this.#ask('DATA', timeouts.dataInitMs)
    if (classOf(go) !== 3) {
      if (isReused && go.code === 421 && this.#accepted.length > 0) return false
      this.#tellAccepted(this.#refusal(go, 'DATA command'))
      return true
    }
    if (this.#accepted.length === 0) {
      // It asks for a message for nobody, and gets none.
      wire.write('.\r\n')
      this.#doing = 'sending end of data'
      await this.#reply(timeouts.dataDoneMs)
      return true
    }
    this.#doing = 'sending message body'
    this.#hasBegun = true
    const early = await sendBody(wire, form.read(), timeouts.dataXferMs)
    if (early !== undefined) {
      // It did not want to hear the rest.
      this.#session.note(early)
      this.#session.confuse()
      this.#tellAccepted(this.#refusal(early, 'end of DATA command'))
      return true
    }
    this.#mayBeTaken = true
    await this.#answers('end of DATA command')
    return true
  }

  /** To the whole message: one for all; RFC 2033 §4.2: in LMTP one for each recipient that was accepted. */
  async #answers(command: string): Promise<void> {
    const { protocol } = this.#session
    this.#doing = 'sending end of data -- message may be sent more than once'
    if (protocol === 'smtp' || this.#accepted.length === 0) {
      const answer = await this.#reply(this.#policy.timeouts.dataDoneMs)
      this.#tellAccepted(this.#answerFor(answer, command))
      return
    }
    for (const place of this.#accepted) {
      const answer = await this.#reply(this.#policy.timeouts.dataDoneMs)
      this.#told[place] = this.#answerFor(answer, command)(place)
    }
  }

  #answerFor(answer: Reply, command: string): (place: number) => Told {
    if (classOf(answer) !== 2) return () => this.#refusal(answer, command)
    const delivered = { kind: 'delivered', reply: oneLine(textOf(answer)) } as const
    const passesDsn = this.#session.extensions.has('DSN')
    return (place) => {
      const wishes = this.#mailing.recipients[this.#asked.indexOf(place)]?.notify ?? []
      const relaysDsn = passesDsn && wishes.length > 0
      return { result: relaysDsn ? { ...delivered, relaysDsn } : delivered, isOpen: false }
    }
  }

  #tellAccepted(told: Told | ((place: number) => Told)): void {
    for (const place of this.#accepted) {
      this.#told[place] = typeof told === 'function' ? told(place) : told
    }
  }

  #refusal(reply: Reply, command: string): Told {
    const { name, tlsFailure } = this.#session
    // Out of place: what it would take the next command for is not known.
    if (classOf(reply) < 4) this.#session.confuse()
    const result = blameTls(readReply(textOf(reply), name, command), reply, tlsFailure)
    return { result, isOpen: result.kind === 'deferred' }
  }

  async #reply(timeoutMs: number): Promise<Reply> {
    const reply = await this.#session.reply(timeoutMs)
    if (reply.code === 421) this.#farewell = reply
    return reply
  }

  #lose(error: ConversationLost): Transacted {
    const { name, uses } = this.#session
    this.#session.confuse()
    if (uses > 1 && !this.#hasBegun) return { kind: 'stale' }
    if (this.#farewell !== undefined && !this.#mayBeTaken) {
      // It had said that it goes.
      const { result } = this.#refusal(this.#farewell, 'command')
      return this.#done(undefined, { result: withoutPlace(result), isOpen: true })
    }
    const doing = this.#mayBeTaken
      ? 'sending end of data -- message may be sent more than once'
      : this.#doing
    const result = tellLoss(error, name, doing)
    return this.#done(result, { result, isOpen: !this.#mayBeTaken })
  }

  #unreadable({ message }: MessageUnreadable): Transacted {
    // Never ended: what has come of it must not be taken for all.
    this.#session.confuse()
    const result = defer('4.3.0', `message could not be read: ${message}`)
    return this.#done(undefined, { result, isOpen: false })
  }

  #done(lost: Undelivered | undefined, others: Told = this.#senderRefused ?? nothing): Transacted {
    const rest = this.#senderRefused ?? others
    return { kind: 'done', told: this.#told.map((told) => told ?? rest), lost }
  }

  async #form(): Promise<Form> {
    const { convertsTo7Bit } = this.#policy
    const { extensions } = this.#session
    const { message } = this.#mailing
    const smtpUtf8 = needsSmtpUtf8(this.#mailing)
    const eightBit = extensions.has('8BITMIME') || !convertsTo7Bit
    const { declaredBytes, read } = await message
      .formFor({ smtpUtf8, eightBit })
      .catch((error: unknown) => {
        throw new MessageUnreadable(error instanceof Error ? error.message : String(error))
      })
    return {
      read,
      // As long as it is taken: what comes may be less (RFC 1870 §6.1).
      bytes: Math.min(declaredBytes, sizeLimit(extensions)),
      eightBit: message.needs.eightBit || smtpUtf8,
      smtpUtf8,
    }
  }
}

type Form = {
  read(): AsyncIterable<Uint8Array>
  readonly bytes: number
  readonly eightBit: boolean
  readonly smtpUtf8: boolean
}

/** Cannot happen: each that was asked for has a result, or the conversation was lost. */
const nothing: Told = { result: defer('4.3.0', 'no result'), isOpen: false }

const withoutPlace = (result: DeliveryResult): DeliveryResult => ({
  ...result,
  reply: result.reply.replace(/ \(in reply to command\)$/, ''),
})

/** What a host refuses in clear after TLS did not work, it may take when TLS works again. */
function blameTls(
  failure: Undelivered,
  { code }: Reply,
  tlsFailure: Undelivered | undefined,
): Undelivered {
  if (tlsFailure === undefined || (code !== 530 && code !== 538)) return failure
  return defer('4.7.5', `${tlsFailure.reply}; and in clear: ${failure.reply}`)
}
