// One mail transaction (MAIL, RCPT, DATA) in an open session, and what it meant for each recipient.

import { Readable } from 'node:stream'
import type { SMTPEnvelope, SMTPError } from 'nodemailer/lib/smtp-connection'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import type { Settled } from './connection.ts'
import { foldedBytesMax, LineFolding } from './line-folding.ts'
import { deferred, type Failure, failed, fromReply, oneLine } from './outcome.ts'
import { leave, type Session } from './session.ts'
import type { Timeouts } from './timeouts.ts'
import type { MessageForm, RemoteGroup } from './transfer.ts'

/** Sends the group's message and ends the session; one result for each recipient, in order. */
export async function transact(
  session: Session,
  group: RemoteGroup,
  options: TransactionOptions,
): Promise<readonly DeliveryResult[]> {
  const obstacles = findObstacles(session, group)
  const recipients = group.recipients.filter((_, i) => obstacles[i] === undefined)
  if (recipients.length === 0) leave(session.connection)
  const sent = recipients.length === 0 ? [] : await send(session, { ...group, recipients }, options)
  const results = sent.values()
  return obstacles.map((obstacle) => obstacle ?? results.next().value ?? lost)
}

export type TransactionOptions = {
  readonly timeouts: Timeouts
  /** Whether 8-bit bodies go to hosts without 8BITMIME as they are. */
  readonly disableMimeOutputConversion: boolean
}

/** Cannot happen: each that was sent to has a result. */
const lost = deferred('4.3.0', 'no result')

async function send(
  session: Session,
  group: RemoteGroup,
  { timeouts, disableMimeOutputConversion }: TransactionOptions,
): Promise<readonly DeliveryResult[]> {
  const { connection, extensions } = session
  const smtpUtf8 = needsSmtpUtf8(group)
  const isEightBit = group.body === '8BITMIME' || smtpUtf8
  const form = {
    smtpUtf8,
    sevenBit:
      group.body === '8BITMIME' && !extensions.has('8BITMIME') && !disableMimeOutputConversion,
  }
  connection.parametersOf = parameters(session, group)
  const envelope: TrackedEnvelope = {
    from: group.sender === '' ? false : group.sender,
    to: group.recipients.map((recipient) => recipient.address),
    size: declaredBytes(group, limitOf(session)),
    use8BitMime: isEightBit,
  }
  const message = Readable.from(watched(session, group, form, timeouts))
  const sent = await connection.settled<{ readonly response: string }>((done) =>
    connection.send(envelope, message, done),
  )
  // Without a reply, or with one that does not fit, the other side may be in the middle of the message, where QUIT would be more of it.
  if (sent.kind === 'done' || /^[45]/.test(sent.error.response ?? '')) leave(connection)
  else connection.close()
  return group.recipients.map(({ address }) => {
    const result = resultFor(address, envelope, sent, session.peer)
    return result.kind === 'delivered' ? result : inClear(result, session)
  })
}

/** What a host refuses in clear after TLS did not work, it may take when TLS works again. */
function inClear(failure: Failure, { tlsFailure }: Session): Failure {
  if (tlsFailure === undefined || !/ said: 53[08]\b/.test(failure.reply)) return failure
  return deferred('4.7.5', `${tlsFailure.reply}; and in clear: ${failure.reply}`)
}

/** nodemailer keeps its books on the envelope it was given, also when the end is an error. */
type TrackedEnvelope = SMTPEnvelope & {
  readonly accepted?: readonly string[]
  readonly rejectedErrors?: readonly SMTPError[]
}

function resultFor(
  address: string,
  envelope: TrackedEnvelope,
  sent: Settled<{ readonly response: string }>,
  peer: string,
): DeliveryResult {
  // With PIPELINING recipients are named before the sender is known to be refused; what is said of them then means nothing.
  const senderRefused = sent.kind === 'error' && sent.error.command === 'MAIL FROM'
  const refused = envelope.rejectedErrors?.find((error) => error.recipient === address)
  if (refused?.response && !senderRefused) {
    return refusedRecipient(refused.response, envelope, peer)
  }
  if (sent.kind === 'done') {
    const response = sent.value?.response ?? ''
    return { kind: 'delivered', reply: oneLine(response) }
  }
  const { error } = sent
  if (error.response) return fromReply(error.response, peer, error.command)
  if (error.code === 'ESTREAM')
    return deferred('4.3.0', `message could not be read: ${error.message}`)
  // Lost before the reply to the message: it may have been taken, and will come twice (RFC 1047); the other way it
  // would get lost.
  return deferred('4.4.2', `${peer}: ${error.message}`)
}

function refusedRecipient(response: string, envelope: TrackedEnvelope, peer: string): Failure {
  const failure = fromReply(response, peer, 'RCPT TO')
  // RFC 5321 §4.5.3.1.10: 552 to RCPT may mean "too many recipients", so the rest comes later; a full mailbox says 5.2.2.
  const tooMany =
    response.startsWith('552') && failure.status !== '5.2.2' && (envelope.accepted?.length ?? 0) > 0
  return tooMany ? deferred('4.5.3', failure.reply) : failure
}

/** What this host cannot take, for each recipient. */
function findObstacles(
  { extensions, peer }: Session,
  group: RemoteGroup,
): readonly (Failure | undefined)[] {
  const bytesMax = limitOf({ extensions })
  if (group.bytes > bytesMax) {
    const tooLarge = `message of ${group.bytes} bytes exceeds size limit ${bytesMax} of host ${peer}`
    return group.recipients.map(() => failed('5.3.4', tooLarge))
  }
  // RFC 6531 §3.3: nothing internationalised may be sent to who did not offer to take it.
  const forAll = group.smtpUtf8 || !isAscii(group.sender)
  return group.recipients.map(({ address }) =>
    extensions.has('SMTPUTF8') || (!forAll && isAscii(address))
      ? undefined
      : failed('5.6.7', `SMTPUTF8 is required, but was not offered by host ${peer}`),
  )
}

/** Bytes of a message that the host takes; RFC 1870 §4: 0 and no number mean no fixed limit. */
function limitOf({ extensions }: Pick<Session, 'extensions'>): number {
  const bytesMax = Number(extensions.get('SIZE') ?? 0)
  return bytesMax > 0 ? bytesMax : Number.POSITIVE_INFINITY
}

/** How much folding adds is not known before; what is declared may be more than what comes (RFC 1870 §6.1), as long as it is taken. */
function declaredBytes({ bytes, foldAt }: RemoteGroup, bytesMax: number): number {
  return foldAt === undefined ? bytes : Math.min(bytes + foldedBytesMax(bytes, foldAt), bytesMax)
}

/** RFC 6531 §3.2: because of what is sent, whatever was said when it came. */
function needsSmtpUtf8({ smtpUtf8, sender, recipients }: RemoteGroup): boolean {
  return smtpUtf8 || !isAscii(sender) || !recipients.every(({ address }) => isAscii(address))
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text)
}

/** What nodemailer does not put on MAIL and RCPT by itself. */
function parameters(session: Session, group: RemoteGroup): (command: string) => string {
  const dsn = session.extensions.has('DSN')
  const mail = dsn ? mailDsn(group) : ''
  const rcpt = new Map(
    dsn
      ? group.recipients.map((recipient) => [`RCPT TO:<${recipient.address}>`, rcptDsn(recipient)])
      : [],
  )
  return (command) => {
    if (!command.startsWith('MAIL FROM:<')) return rcpt.get(command) ?? ''
    const missing = needsSmtpUtf8(group) && !command.includes('> SMTPUTF8')
    return (missing ? ' SMTPUTF8' : '') + mail
  }
}

/** RFC 3461 §4.3, §4.4 */
function mailDsn({ dsnReturn, dsnEnvelopeId }: RemoteGroup): string {
  return (
    (dsnReturn === null ? '' : ` RET=${dsnReturn}`) +
    (dsnEnvelopeId === null ? '' : ` ENVID=${encodeXtext(dsnEnvelopeId)}`)
  )
}

/** RFC 3461 §4.1, §4.2: in ORCPT only the address is xtext. */
function rcptDsn({ notify, originalRecipient }: EnvelopeRecipient): string {
  const [type = '', ...address] = originalRecipient?.split(';') ?? []
  return (
    (notify.length === 0 ? '' : ` NOTIFY=${notify.join(',')}`) +
    (address.length === 0 ? '' : ` ORCPT=${type};${encodeXtext(address.join(';'))}`)
  )
}

/** The message, with the phase's timeouts set on the way. Throws rather than end a message that is not whole. */
async function* watched(
  { connection }: Session,
  group: RemoteGroup,
  form: MessageForm,
  timeouts: Timeouts,
): AsyncGenerator<Uint8Array> {
  connection.allowSilence(timeouts.dataBlockMs)
  const folding = group.foldAt === undefined ? undefined : new LineFolding(group.foldAt)
  let bytes = 0
  for await (const chunk of group.message(form)) {
    bytes += chunk.length
    yield folding?.push(chunk) ?? chunk
  }
  if (bytes !== group.bytes && !form.sevenBit)
    throw new Error(`${bytes} bytes instead of ${group.bytes}`)
  connection.allowSilence(timeouts.dataTerminationMs)
}
