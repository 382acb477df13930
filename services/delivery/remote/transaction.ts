// One mail transaction (MAIL, RCPT, DATA) in an open session, and what it meant for each recipient.

import { Readable } from 'node:stream'
import type { SMTPEnvelope, SMTPError } from 'nodemailer/lib/smtp-connection'
import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import type { Connection, Settled } from './connection.ts'
import type { RemoteGroup } from './group.ts'
import { foldedBytesMax, LineFolding } from './line-folding.ts'
import { deferred, type Failure, failed, fromReply, oneLine } from './outcome.ts'
import type { Session } from './session.ts'
import { QUIT_TIMEOUT_MS, type Timeouts } from './timeouts.ts'

/** Sends the group's message and ends the session; one result for each recipient, in order. */
export async function transact(
  session: Session,
  group: RemoteGroup,
  timeouts: Timeouts,
): Promise<readonly DeliveryResult[]> {
  const { connection } = session
  const obstacle = findObstacle(session, group)
  if (obstacle !== undefined) {
    leave(connection)
    return group.recipients.map(() => obstacle)
  }
  connection.parametersOf = parameters(session, group)
  const envelope: TrackedEnvelope = {
    from: group.sender === '' ? false : group.sender,
    to: group.recipients.map((recipient) => recipient.address),
    size: sizeOf(group),
    use8BitMime: group.body === '8BITMIME',
  }
  const message = Readable.from(watched(session, group, timeouts))
  const sent = await connection.settled<{ readonly response: string }>((done) =>
    connection.send(envelope, message, done),
  )
  // Without a reply the other side may be in the middle of the message, where QUIT would be more of it.
  if (sent.kind === 'done' || sent.error.response) leave(connection)
  else connection.close()
  return group.recipients.map(({ address }) => resultFor(address, envelope, sent, session.peer))
}

function leave(connection: Connection): void {
  connection.allowSilence(QUIT_TIMEOUT_MS)
  connection.quit()
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
  if (error.response) return fromReply(error.response, peer)
  if (error.code === 'ESTREAM')
    return deferred('4.3.0', `message could not be read: ${error.message}`)
  // Lost before the reply to the message: it may have been taken, and will come twice (RFC 1047); the other way it
  // would get lost.
  return deferred('4.4.2', `${peer}: ${error.message}`)
}

function refusedRecipient(response: string, envelope: TrackedEnvelope, peer: string): Failure {
  const failure = fromReply(response, peer)
  // RFC 5321 §4.5.3.1.10: 552 to RCPT may mean "too many recipients", so the rest comes later; a full mailbox says 5.2.2.
  const tooMany =
    response.startsWith('552') && failure.status !== '5.2.2' && (envelope.accepted?.length ?? 0) > 0
  return tooMany ? deferred('4.5.3', failure.reply) : failure
}

/** What this host cannot take at all. */
function findObstacle({ extensions, peer }: Session, group: RemoteGroup): Failure | undefined {
  // RFC 6531 §3.3: nothing internationalised may be sent to who did not offer to take it.
  if (needsSmtpUtf8(group) && !extensions.has('SMTPUTF8')) {
    return failed('5.6.7', `SMTPUTF8 is required, but was not offered by host ${peer}`)
  }
  // Deliberately: RFC 6152 §3 leaves converting or returning; nearly no host lacks 8BITMIME, so this one returns.
  if (group.body === '8BITMIME' && !extensions.has('8BITMIME')) {
    return failed('5.6.3', `8BITMIME is required, but was not offered by host ${peer}`)
  }
  // RFC 1870 §6.1: 0 and no number mean no fixed limit.
  const bytesMax = Number(extensions.get('SIZE') ?? 0)
  if (bytesMax > 0 && sizeOf(group) > bytesMax) {
    return failed(
      '5.3.4',
      `message of ${sizeOf(group)} bytes exceeds size limit ${bytesMax} of host ${peer}`,
    )
  }
  return undefined
}

/** What is declared may be more than what comes (RFC 1870 §6.1), not less. */
function sizeOf({ bytes, foldAt }: RemoteGroup): number {
  return foldAt === undefined ? bytes : bytes + foldedBytesMax(bytes, foldAt)
}

function needsSmtpUtf8(group: RemoteGroup): boolean {
  const addresses = [group.sender, ...group.recipients.map((recipient) => recipient.address)]
  return group.smtpUtf8 || addresses.some((address) => /[^\x00-\x7f]/.test(address))
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
  timeouts: Timeouts,
): AsyncGenerator<Uint8Array> {
  connection.allowSilence(timeouts.dataBlockMs)
  const folding = group.foldAt === undefined ? undefined : new LineFolding(group.foldAt)
  let bytes = 0
  for await (const chunk of group.message()) {
    bytes += chunk.length
    yield folding?.push(chunk) ?? chunk
  }
  if (bytes !== group.bytes) throw new Error(`${bytes} bytes instead of ${group.bytes}`)
  connection.allowSilence(timeouts.dataTerminationMs)
}
