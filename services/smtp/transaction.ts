// One mail transaction: from MAIL to the end of the message or RSET (RFC 5321 §3.3).

import type { EnvelopeRecipient, SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { MailCommand } from '#shared/smtp/mail-command.ts'
import type { LineEndCheck } from '#shared/text/line-ends.ts'
import type { Receipt } from './receipt.ts'

export type Transaction = {
  readonly queueId: QueueId
  readonly mail: MailCommand
  readonly recipients: EnvelopeRecipient[]
  /** What the recipients lead to, as policy counts it. */
  finalRecipients: number
  /** Of sender and recipients, with what DSN parameters add. */
  envelopeBytes: number
  /** Header fields that policy gave with recipients. */
  prepend: string
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
    prepend: '',
    isFull: false,
    surplusRecipients: 0,
    anyRefused: false,
    receipt: undefined,
    lineEnds: undefined,
  }
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
