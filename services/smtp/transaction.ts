// One mail transaction: from MAIL to the end of the message or RSET (RFC 5321 §3.3).

import type { Judged, PolicyVerdict } from '#shared/contracts/policy.ts'
import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { MailCommand } from '#shared/smtp/mail-command.ts'
import type { LineEndCheck } from '#shared/text/line-ends.ts'
import type { Receipt } from './receipt.ts'
import type { SmtpSession } from './session.ts'

export type Transaction = {
  readonly queueId: QueueId
  readonly mail: MailCommand
  readonly recipients: EnvelopeRecipient[]
  /** What the recipients lead to, as policy counts it. */
  finalRecipients: number
  /** Of sender and recipients, with what DSN parameters add. */
  envelopeBytes: number
  /** What policy found so far, for its next question. */
  judged: Judged | undefined
  /** Header fields that policy gave, each once, with their CRLF. */
  readonly fields: Set<ByteString>
  fieldBytes: number
  /** Why the message is to wait for an operator. */
  hold: string | undefined
  /** Who is to get it in place of its recipients. */
  redirect: string | undefined
  /** The content filter that the message is to go through. */
  filter: string | undefined
  /** Who is to get it besides its recipients, and nobody sees. */
  readonly bcc: Set<string>
  /** The restriction for which nobody gets it. */
  discardedBy: string | undefined
  /** A limit is reached: it takes no more recipients. */
  isFull: boolean
  /** Those that came afterwards. */
  surplusRecipients: number
  /** A recipient was refused: DATA without any is then answered otherwise. */
  anyRefused: boolean
  /** Both set by the first BDAT. */
  receipt: Receipt | undefined
  lineEnds: LineEndCheck | undefined
}

export function beginTransaction(queueId: QueueId, mail: MailCommand): Transaction {
  return {
    queueId,
    mail,
    recipients: [],
    finalRecipients: 0,
    envelopeBytes: Buffer.byteLength(mail.sender) + Buffer.byteLength(mail.envid ?? ''),
    judged: undefined,
    fields: new Set(),
    fieldBytes: 0,
    hold: undefined,
    redirect: undefined,
    filter: undefined,
    bcc: new Set(),
    discardedBy: undefined,
    isFull: false,
    surplusRecipients: 0,
    anyRefused: false,
    receipt: undefined,
    lineEnds: undefined,
  }
}

/** Of one message; each is a delivery more. */
export const BCC_MAX = 100

/** Of one message, in whose queue item they stand. */
export const FIELD_BYTES_MAX = 100_000

/** What the verdict says of the message as a whole, whatever it says of whom it was asked about. */
export function noteVerdict(
  session: Pick<SmtpSession, 'logRepeated'>,
  transaction: Transaction,
  verdict: PolicyVerdict,
): void {
  const { queueId, bcc } = transaction
  const warn = (warning: string) => session.logRepeated({ queueId, warning }, 'policy warns')
  const { judged, hold, redirect, filter } = verdict
  if (judged !== undefined) transaction.judged = judged
  if (redirect !== undefined) transaction.redirect = redirect
  if (filter !== undefined) transaction.filter = filter
  for (const address of verdict.bcc ?? []) {
    if (bcc.size < BCC_MAX || bcc.has(address)) bcc.add(address)
    else warn(`no BCC to ${address}: the message has ${BCC_MAX} already`)
  }
  transaction.hold ??= hold
  if (verdict.kind === 'discard') transaction.discardedBy ??= verdict.restriction
  else if (!addFields(transaction, verdict.prepend ?? '')) {
    warn(`no more header fields: the message has ${FIELD_BYTES_MAX} bytes of them already`)
  }
}

/** The same fact about the client is usually found again for each recipient. False: not all of them had room. */
function addFields(transaction: Transaction, prepend: ByteString): boolean {
  const { fields } = transaction
  for (const field of prepend.split(/(?<=\r\n)(?![ \t])/)) {
    if (fields.has(field)) continue
    if (transaction.fieldBytes + field.length > FIELD_BYTES_MAX) return false
    fields.add(field)
    transaction.fieldBytes += field.length
  }
  return true
}

export function envelopeOf({ mail, recipients }: Transaction): SmtpEnvelope {
  return {
    sender: mail.sender,
    recipients,
    body: mail.body,
    smtpUtf8: mail.smtpUtf8,
    requireTls: mail.requireTls,
    dsnReturn: mail.ret,
    dsnEnvelopeId: mail.envid,
  }
}
