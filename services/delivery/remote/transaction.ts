// One mail transaction (MAIL, RCPT, DATA) in an open session, and what it meant for each recipient.

import { Readable } from 'node:stream'
import type { SMTPEnvelope, SMTPError } from 'nodemailer/lib/smtp-connection'
import type { DeliveryResult, Undelivered } from '#shared/contracts/delivery.ts'
import type { Ended } from './connection.ts'
import type { HopPolicy } from './hop-policy.ts'
import type { OutboundMessage } from './outbound-form.ts'
import { defer, fail, oneLine, readReply } from './outcome.ts'
import { parametersFor } from './parameters.ts'
import { leave, type Session } from './session.ts'
import type { Timeouts } from './timeouts.ts'
import type { Transfer } from './transport.ts'

/** What is sent in a session: a transfer with its message opened. */
export type Mailing = Pick<Transfer, 'sender' | 'recipients' | 'dsnReturn' | 'dsnEnvelopeId'> & {
  readonly message: OutboundMessage
}

/** Sends the message and ends the session; one result for each recipient, in order. */
export async function transact(
  session: Session,
  mailing: Mailing,
  policy: Pick<HopPolicy, 'timeouts' | 'convertsTo7Bit'>,
): Promise<readonly DeliveryResult[]> {
  const obstacles = findObstacles(session, mailing)
  const recipients = mailing.recipients.filter((_, i) => obstacles[i] === undefined)
  if (recipients.length === 0) leave(session.connection)
  const sent =
    recipients.length === 0 ? [] : await send(session, { ...mailing, recipients }, policy)
  const results = sent.values()
  return obstacles.map((obstacle) => obstacle ?? results.next().value ?? lost)
}

/** Cannot happen: each that was sent to has a result. */
const lost = defer('4.3.0', 'no result')

async function send(
  session: Session,
  mailing: Mailing,
  { timeouts, convertsTo7Bit }: Pick<HopPolicy, 'timeouts' | 'convertsTo7Bit'>,
): Promise<readonly DeliveryResult[]> {
  const { connection, extensions } = session
  const { message } = mailing
  const smtpUtf8 = needsSmtpUtf8(mailing)
  const eightBit = extensions.has('8BITMIME') || !convertsTo7Bit
  const form = await message.formFor({ smtpUtf8, eightBit }).catch(unreadable)
  if (form instanceof Error) {
    leave(connection)
    return mailing.recipients.map(() =>
      defer('4.3.0', `message could not be read: ${form.message}`),
    )
  }
  connection.parametersOf = parametersFor(session, mailing, smtpUtf8)
  const envelope: TrackedEnvelope = {
    from: mailing.sender === '' ? false : mailing.sender,
    to: mailing.recipients.map((recipient) => recipient.address),
    // As long as it is taken: what comes may be less (RFC 1870 §6.1).
    size: Math.min(form.declaredBytes, limitOf(session)),
    use8BitMime: message.needs.eightBit || smtpUtf8,
  }
  const bytes = Readable.from(watch(form.read(), session, timeouts))
  const sent = await connection.run<{ readonly response: string }>((done) =>
    connection.send(envelope, bytes, done),
  )
  // Without a reply, or with one that does not fit, the other side may be in the middle of the message, where QUIT would be more of it.
  if (sent.kind === 'done' || /^[45]/.test(sent.error.response ?? '')) leave(connection)
  else connection.close()
  return mailing.recipients.map(({ address }) => {
    const result = readResult(address, envelope, sent, session.peer)
    return result.kind === 'delivered' ? result : blameTls(result, session)
  })
}

const unreadable = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))

/** What a host refuses in clear after TLS did not work, it may take when TLS works again. */
function blameTls(failure: Undelivered, { tlsFailure }: Session): Undelivered {
  if (tlsFailure === undefined || !/ said: 53[08]\b/.test(failure.reply)) return failure
  return defer('4.7.5', `${tlsFailure.reply}; and in clear: ${failure.reply}`)
}

/** nodemailer keeps its books on the envelope it was given, also when the end is an error. */
type TrackedEnvelope = SMTPEnvelope & {
  readonly accepted?: readonly string[]
  readonly rejectedErrors?: readonly SMTPError[]
}

function readResult(
  address: string,
  envelope: TrackedEnvelope,
  sent: Ended<{ readonly response: string }>,
  peer: string,
): DeliveryResult {
  // With PIPELINING recipients are named before the sender is known to be refused; what is said of them then means nothing.
  const senderRefused = sent.kind === 'error' && sent.error.command === 'MAIL FROM'
  const refused = envelope.rejectedErrors?.find((error) => error.recipient === address)
  if (refused?.response && !senderRefused) {
    return readRefusal(refused.response, envelope, peer)
  }
  if (sent.kind === 'done') {
    const response = sent.value?.response ?? ''
    return { kind: 'delivered', reply: oneLine(response) }
  }
  const { error } = sent
  if (error.response) return readReply(error.response, peer, error.command)
  if (error.code === 'ESTREAM') return defer('4.3.0', `message could not be read: ${error.message}`)
  // Lost before the reply to the message: it may have been taken, and will come twice (RFC 1047); the other way it
  // would get lost.
  return defer('4.4.2', `${peer}: ${error.message}`)
}

function readRefusal(response: string, envelope: TrackedEnvelope, peer: string): Undelivered {
  const failure = readReply(response, peer, 'RCPT TO')
  // RFC 5321 §4.5.3.1.10: 552 to RCPT may mean "too many recipients", so the rest comes later; a full mailbox says 5.2.2.
  const tooMany =
    response.startsWith('552') && failure.status !== '5.2.2' && (envelope.accepted?.length ?? 0) > 0
  return tooMany ? defer('4.5.3', failure.reply) : failure
}

/** What this host cannot take, for each recipient. */
function findObstacles(
  { extensions, peer }: Session,
  { message, sender, recipients }: Mailing,
): readonly (Undelivered | undefined)[] {
  const bytesMax = limitOf({ extensions })
  if (message.bytes > bytesMax) {
    const tooLarge = `message of ${message.bytes} bytes exceeds size limit ${bytesMax} of host ${peer}`
    return recipients.map(() => fail('5.3.4', tooLarge))
  }
  // RFC 6531 §3.3: nothing internationalised may be sent to who did not offer to take it.
  const forAll = message.needs.smtpUtf8 || !isAscii(sender)
  return recipients.map(({ address }) =>
    extensions.has('SMTPUTF8') || (!forAll && isAscii(address))
      ? undefined
      : fail('5.6.7', `SMTPUTF8 is required, but was not offered by host ${peer}`),
  )
}

/** Bytes of a message that the host takes; RFC 1870 §4: 0 and no number mean no fixed limit. */
function limitOf({ extensions }: Pick<Session, 'extensions'>): number {
  const bytesMax = Number(extensions.get('SIZE') ?? 0)
  return bytesMax > 0 ? bytesMax : Number.POSITIVE_INFINITY
}

/** RFC 6531 §3.2: because of what is sent, whatever was said when it came. */
function needsSmtpUtf8({ message, sender, recipients }: Mailing): boolean {
  const { smtpUtf8 } = message.needs
  return smtpUtf8 || !isAscii(sender) || !recipients.every(({ address }) => isAscii(address))
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}

/** The message, with the phase's timeouts set on the way. */
async function* watch(
  message: AsyncIterable<Uint8Array>,
  { connection }: Session,
  timeouts: Timeouts,
): AsyncGenerator<Uint8Array> {
  connection.allowSilence(timeouts.dataBlockMs)
  yield* message
  connection.allowSilence(timeouts.dataTerminationMs)
}
