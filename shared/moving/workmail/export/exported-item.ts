// What an exported file is, told by its first bytes alone: names in exports are not described anywhere.

import { headerFields } from '#shared/mail/header-field.ts'
import { parseSentDate, parseZonedDate } from '#shared/mail/sent-date.ts'
import { type ExportLog, parseExportLog } from './export-log.ts'

export type ExportedItem =
  | {
      readonly kind: 'mail'
      /** Undefined: it does not say. */
      readonly receivedMs: number | undefined
      readonly messageId: string
    }
  | { readonly kind: 'calendar' | 'contact' | 'unknown' }
  | { readonly kind: 'log'; readonly log: ExportLog }

/** Of a file, looked at. Headers that are longer are read as far as that. */
export const HEAD_BYTES = 64 * 1024

export function exportedItem(head: Uint8Array): ExportedItem {
  const start = Buffer.from(head.subarray(0, START_BYTES)).toString('latin1')
  const text = start.replace(/^\xef\xbb\xbf/, '').trimStart()
  if (/^BEGIN:VCALENDAR/i.test(text)) return { kind: 'calendar' }
  if (/^BEGIN:VCARD/i.test(text)) return { kind: 'contact' }
  if (text.startsWith('{')) {
    const log = parseExportLog(Buffer.from(head).toString('utf8'))
    return log === undefined ? { kind: 'unknown' } : { kind: 'log', log }
  }
  return mailOf(head)
}

const START_BYTES = 512

/** At least one of them has every message that ever went anywhere. */
const tellingFields: ReadonlySet<string> = new Set([
  'received',
  'from',
  'date',
  'message-id',
  'mime-version',
  'return-path',
  'subject',
  'to',
])

function mailOf(head: Uint8Array): ExportedItem {
  const fields = headerFields(head)
  const valuesOf = (name: string) =>
    fields.filter((field) => field.name.toLowerCase() === name).map(({ value }) => value)
  const names = new Set(fields.map(({ name }) => name.toLowerCase()))
  if (![...names].some((name) => tellingFields.has(name))) return { kind: 'unknown' }
  const [type = ''] = valuesOf('content-type')
  // An entry of a calendar as a message; an invitation that came has been received.
  if (/^\s*text\/calendar\b/i.test(type) && !names.has('received')) return { kind: 'calendar' }
  const [messageId = ''] = valuesOf('message-id')
  return { kind: 'mail', receivedMs: receivedMs(valuesOf('received'), valuesOf('date')), messageId }
}

/** RFC 5321 §4.4: each host puts its line above those of before, so that the first says when it came. */
function receivedMs(received: readonly string[], dates: readonly string[]): number | undefined {
  for (const line of received) {
    const date = parseZonedDate(line.slice(line.lastIndexOf(';') + 1))
    if (date !== undefined) return date.ms
  }
  const [date = ''] = dates
  return parseSentDate(date)?.ms
}
