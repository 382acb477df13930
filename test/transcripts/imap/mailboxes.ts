// Messages that transcripts find in INBOX.

import { readFileSync } from 'node:fs'

import { oddMailboxes } from './odd-mailboxes.ts'
import { searchMailboxes } from './search-mailboxes.ts'

export type FixtureMessage = {
  readonly text: string
  readonly flags: readonly string[]
  readonly internalDateMs: number
}

/** Noon of 20 November 2026, a minute more for each message. */
const receivedMs = (n: number) => Date.UTC(2026, 10, 20, 12, n)

const message = (n: number, text: string, flags: readonly string[] = []): FixtureMessage => ({
  text: text.replaceAll('\n', '\r\n'),
  flags,
  internalDateMs: receivedMs(n),
})

/** Small messages with Subject, From, To, Date and one line of text. */
const small = (n: number, flags: readonly string[] = []) =>
  message(
    n,
    `From: Sender ${n} <sender${n}@remote.test>\nTo: Ann <ann@example.test>\nSubject: message ${n}\nDate: Fri, 20 Nov 2026 12:0${n % 10}:00 +0000\nMessage-ID: <m${n}@remote.test>\n\nText of message ${n}.\n`,
    flags,
  )

const mailboxes: { readonly [name: string]: readonly FixtureMessage[] } = {
  ...oddMailboxes,
  ...searchMailboxes,
  /** Base64 with a NUL, quoted-printable, an encoding that nobody knows, a charset. */
  encoded: [
    message(
      1,
      'Subject: encoded parts\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\nContent-Type: application/octet-stream\n\nYWIAY2Q=\n--x\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=iso-8859-1\n\nSch=F6ne=20Gr=FC=DFe aus =\nK=F6ln\n--x\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n--x--\n',
    ),
    small(2),
  ],
  'four-messages': [small(1, ['\\Seen']), small(2), small(3, ['\\Flagged', '$Label']), small(4)],
}

function stored(n: number, file: string): FixtureMessage {
  const text = readFileSync(new URL(`../../fixtures/messages/${file}`, import.meta.url), 'latin1')
  return { text, flags: [], internalDateMs: receivedMs(n) }
}

/** A named mailbox, files of test/fixtures/messages, or so many small messages. */
export function mailboxNamed(name: string): readonly FixtureMessage[] {
  const found = mailboxes[name]
  if (found !== undefined) return found
  if (name.endsWith('.eml')) return name.split(' ').map((file, i) => stored(i + 1, file))
  const count = Number(name)
  if (!Number.isInteger(count)) throw new Error(`no mailbox ${name}`)
  return Array.from({ length: count }, (_, i) => small(i + 1))
}
