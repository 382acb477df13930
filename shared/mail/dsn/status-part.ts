// The part of a report that programs read: message/delivery-status (RFC 3464), or message/global-delivery-status (RFC 6533) where an
// address has other than ASCII characters.

import { formatDate } from '../date.ts'
import { diagnosticOf } from './diagnostic.ts'
import { asciiLine, isAscii, oneLine, wrap } from './foreign-text.ts'
import type { Report, ReportedRecipient } from './report.ts'

/** One blank, so that unfolded (RFC 5322 §2.2.3) others' words are as they were. */
const CONTINUED = ' '

/** Whether RFC 6533 is needed for it. */
export const isGlobal = ({ recipients, message }: Pick<Report, 'recipients' | 'message'>) =>
  !isAscii(message.sender) ||
  recipients.some(({ address, originalRecipient }) => {
    return !isAscii(address) || !isAscii(decodedRecipient(originalRecipient ?? ''))
  })

/** Lines, each ended. */
export function statusPart(report: Report): string {
  const global = isGlobal(report)
  const { message } = report
  const write = (name: string, value: string) => field(name, value, global)
  const perMessage = [
    write('Reporting-MTA', `dns; ${report.hostname}`),
    ...(message.envelopeId === null ? [] : [write('Original-Envelope-Id', message.envelopeId)]),
    write('X-Postwolke-Queue-ID', message.queueId),
    write('X-Postwolke-Sender', typed(message.sender)),
    write('Arrival-Date', formatDate(message.arrivedMs)),
  ]
  const each = report.recipients.map((one) => recipientFields(one, report, write).join(''))
  return [perMessage.join(''), ...each].join('\r\n')
}

function recipientFields(
  recipient: ReportedRecipient,
  { retriesUntilMs }: Report,
  write: (name: string, value: string) => string,
): readonly string[] {
  const { address, originalRecipient, action, status } = recipient
  const told = diagnosticOf(recipient)
  const words = told.kind === 'smtp' ? `smtp; ${told.words}` : `X-Postwolke; ${told.words}`
  return [
    write('Final-Recipient', typed(address)),
    // RFC 3461 §6.3(d): only as the sender gave it.
    ...(originalRecipient === null
      ? []
      : [write('Original-Recipient', decodedRecipient(originalRecipient))]),
    write('Action', action),
    write('Status', status),
    ...(told.kind === 'smtp' ? [write('Remote-MTA', `dns; ${told.host}`)] : []),
    write('Diagnostic-Code', words),
    ...(action === 'delayed' ? [write('Will-Retry-Until', formatDate(retriesUntilMs))] : []),
  ]
}

function field(name: string, value: string, global: boolean): string {
  const safe = global ? oneLine(value) : asciiLine(value)
  return `${wrap(`${name}: ${safe}`, CONTINUED).join('\r\n')}\r\n`
}

/** RFC 6533 §3: an address of other characters has a type of its own. */
const typed = (address: string) => `${isAscii(address) ? 'rfc822' : 'utf-8'}; ${address}`

/** RFC 6533 §3: in ASCII, characters of an address of type utf-8 are written as `\x{E4}`. */
function decodedRecipient(typedAddress: string): string {
  if (!/^utf-8;/i.test(typedAddress)) return typedAddress
  return typedAddress.replace(/\\x\{([0-9A-F]{2,6})\}/g, (written, hex) => {
    const code = Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : written
  })
}
