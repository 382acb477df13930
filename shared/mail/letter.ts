// The message of a letter that the system writes: plain text in UTF-8, as base64, so that no line of it is too long or changed on its way.

import { formatDate } from './date.ts'

export type LetterFacts = {
  readonly from: string
  readonly to: string
  /** ASCII, and one line. */
  readonly subject: string
  readonly text: string
  readonly messageId: string
  readonly atMs: number
}

export function letterMessage({ from, to, subject, text, messageId, atMs }: LetterFacts): Buffer {
  const encoded = Buffer.from(text.replaceAll(/\r?\n/g, '\r\n')).toString('base64')
  const lines = [
    `Date: ${formatDate(atMs)}`,
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${messageId}>`,
    // RFC 3834 §5: nobody's vacation answers it.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(encoded.match(/.{1,76}/g) ?? []),
    '',
  ]
  return Buffer.from(lines.join('\r\n'), 'utf8')
}
