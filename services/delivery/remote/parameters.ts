// Parameters of MAIL and RCPT that nodemailer does not know or not want: SMTPUTF8 for the message's sake (RFC 6531), and what of RFC 3461
// is each recipient's own.

import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import type { ParametersOf } from './connection.ts'
import type { Session } from './session.ts'
import type { Transfer } from './transport.ts'

type DsnWishes = Pick<Transfer, 'recipients' | 'dsnReturn' | 'dsnEnvelopeId'>

/** What nodemailer does not put on MAIL and RCPT by itself. */
export function parametersFor(
  { extensions }: Pick<Session, 'extensions'>,
  mailing: DsnWishes,
  needsSmtpUtf8: boolean,
): ParametersOf {
  const dsn = extensions.has('DSN')
  const mail = dsn ? mailDsn(mailing) : ''
  const rcpt = new Map(
    dsn
      ? mailing.recipients.map((recipient) => [
          `RCPT TO:<${recipient.address}>`,
          rcptDsn(recipient),
        ])
      : [],
  )
  return (command) => {
    if (!command.startsWith('MAIL FROM:<')) return rcpt.get(command) ?? ''
    const missing = needsSmtpUtf8 && !command.includes('> SMTPUTF8')
    return (missing ? ' SMTPUTF8' : '') + mail
  }
}

/** RFC 3461 §4.3, §4.4 */
function mailDsn({ dsnReturn, dsnEnvelopeId }: DsnWishes): string {
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
