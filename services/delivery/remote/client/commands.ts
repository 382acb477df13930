// MAIL and RCPT as they are written, with the parameters of what the session offers and the message needs.

import type { EnvelopeRecipient } from '#shared/contracts/spool.ts'
import { encodeXtext } from '#shared/smtp/xtext.ts'
import type { Transfer } from '../transport.ts'
import type { Extensions } from './session.ts'

type Wishes = Pick<Transfer, 'sender' | 'dsnReturn' | 'dsnEnvelopeId' | 'requireTls'>

export function mailCommand(
  extensions: Extensions,
  { sender, dsnReturn, dsnEnvelopeId, requireTls }: Wishes,
  message: {
    /** Undefined where none follows. */
    readonly bytes: number | undefined
    readonly eightBit: boolean
    readonly smtpUtf8: boolean
  },
): string {
  let command = `MAIL FROM:<${sender}>`
  if (message.bytes !== undefined && extensions.has('SIZE')) command += ` SIZE=${message.bytes}`
  if (message.eightBit && extensions.has('8BITMIME')) command += ' BODY=8BITMIME'
  if (message.smtpUtf8) command += ' SMTPUTF8'
  if (requireTls && extensions.has('REQUIRETLS')) command += ' REQUIRETLS'
  if (!extensions.has('DSN')) return command
  // RFC 3461 §4.3, §4.4
  if (dsnReturn !== null) command += ` RET=${dsnReturn}`
  if (dsnEnvelopeId !== null) command += ` ENVID=${encodeXtext(dsnEnvelopeId)}`
  return command
}

export function rcptCommand(
  extensions: Extensions,
  { address, notify, originalRecipient }: EnvelopeRecipient,
): string {
  let command = `RCPT TO:<${address}>`
  if (!extensions.has('DSN')) return command
  // RFC 3461 §4.1, §4.2: in ORCPT only the address is xtext.
  if (notify.length > 0) command += ` NOTIFY=${notify.join(',')}`
  const [type = '', ...rest] = originalRecipient?.split(';') ?? []
  if (rest.length > 0) command += ` ORCPT=${type};${encodeXtext(rest.join(';'))}`
  return command
}

/** Whether a command can hold it: nothing in it ends a line. */
export function isSendable(address: string): boolean {
  return !/[\x00\r\n]/.test(address)
}
