// What the IMAP benchmark does in one session, step by step. Every step leaves the mailboxes as it found them, but for flags, which
// go on in one round and off in the next, and for appended messages.

import { APPEND_TOGETHER_MAX } from '#shared/mailbox/append-together.ts'
import type { BenchClient } from './imap-client.ts'

export const inboxMessages = 10_000
export const movedMessages = 1_000
export const growth = [1_000, 10_000, 100_000] as const

export type Step = {
  readonly name: string
  /** Messages or commands that the time is divided by. */
  readonly count: number
  readonly run: (client: BenchClient) => Promise<void>
}

const listItems = '(UID FLAGS ENVELOPE BODYSTRUCTURE)'

/** One command, or several one after the other. */
function step(name: string, count: number, ...commands: readonly string[]): Step {
  return {
    name,
    count,
    async run(client) {
      for (const command of commands) await client.ok(command)
    },
  }
}

const times = <T>(count: number, of: (n: number) => T) =>
  Array.from({ length: count }, (_, n) => of(n))

/** The first step is the first time this process opens the mailbox. */
export function inboxSteps(round: number): readonly Step[] {
  const sign = round % 2 === 0 ? '+' : '-'
  const appended = message(0, 4_096)
  return [
    step('SELECT of 10,000, cold', 1, 'SELECT INBOX'),
    step('FETCH 1:* list of 10,000, first', inboxMessages, `FETCH 1:* ${listItems}`),
    step('SELECT of 10,000, warm', 20, ...times(20, () => 'SELECT INBOX')),
    step('FETCH 1:* list of 10,000, again', inboxMessages, `FETCH 1:* ${listItems}`),
    step('FETCH 1:* (FLAGS)', inboxMessages, 'FETCH 1:* (FLAGS)'),
    step('NOOP', 500, ...times(500, () => 'NOOP')),
    step('STATUS', 200, ...times(200, () => 'STATUS INBOX (MESSAGES UNSEEN UIDNEXT SIZE)')),
    step('bodies of 4 KB, 2,000 at once', 2_000, 'FETCH 1:2000 (UID BODY.PEEK[])'),
    step('bodies one by one', 1_000, ...times(1_000, (n) => `FETCH ${2_001 + n} (BODY.PEEK[])`)),
    step('STORE 1:* .SILENT', inboxMessages, `STORE 1:* ${sign}FLAGS.SILENT (\\Flagged)`),
    step('STORE each', 300, ...times(300, (n) => `STORE ${n + 1} ${sign}FLAGS (\\Answered)`)),
    step('SEARCH UNSEEN', 10, ...times(10, () => 'SEARCH UNSEEN')),
    step('SEARCH SUBJECT', inboxMessages, 'SEARCH SUBJECT "is in no subject"'),
    step('SEARCH TEXT', inboxMessages, 'SEARCH TEXT "is in no message"'),
    {
      name: 'APPEND each',
      count: 300,
      async run(client) {
        for (let n = 0; n < 300; n++) await append(client, 'Archive', [appended])
      },
    },
    {
      name: `MULTIAPPEND by ${APPEND_TOGETHER_MAX}`,
      count: 10 * APPEND_TOGETHER_MAX,
      async run(client) {
        const together = times(APPEND_TOGETHER_MAX, () => appended)
        for (let n = 0; n < 10; n++) await append(client, 'Archive', together)
      },
    },
    step(
      'MOVE 1,000 there and back',
      2 * movedMessages,
      'SELECT Here',
      'MOVE 1:* There',
      'SELECT There',
      'MOVE 1:* Here',
    ),
    step('COPY 1,000', movedMessages, 'SELECT Here', 'COPY 1:* There'),
    step(
      'STORE \\Deleted, EXPUNGE 1,000',
      movedMessages,
      'SELECT There',
      'STORE 1:* +FLAGS.SILENT (\\Deleted)',
      'EXPUNGE',
    ),
  ]
}

/** The same steps on mailboxes of growing size: what a message costs must not grow with their number. */
export function growthSteps(size: number, round: number): readonly Step[] {
  const sign = round % 2 === 0 ? '+' : '-'
  const select = `SELECT ${growthMailbox(size)}`
  return [
    step('SELECT, cold', size, select),
    step('FETCH 1:* list, first', size, `FETCH 1:* ${listItems}`),
    step('FETCH 1:* list, again', size, `FETCH 1:* ${listItems}`),
    step('FETCH 1:* (FLAGS)', size, 'FETCH 1:* (FLAGS)'),
    step('SEARCH UNSEEN', size, 'SEARCH UNSEEN'),
    step('SELECT, warm (each)', 10, ...times(10, () => select)),
    step('STORE one (each)', 50, ...times(50, (n) => `STORE ${n + 1} ${sign}FLAGS (\\Seen)`)),
  ]
}

export const growthMailbox = (size: number) => `grow-${size}`

/** Fills a mailbox with so many messages. */
export async function fill(
  client: BenchClient,
  mailbox: string,
  count: number,
  bytes: number,
): Promise<void> {
  for (let n = 0; n < count; n += APPEND_TOGETHER_MAX) {
    const together = Math.min(APPEND_TOGETHER_MAX, count - n)
    await append(
      client,
      mailbox,
      times(together, (i) => message(n + i, bytes)),
    )
  }
}

function append(client: BenchClient, mailbox: string, messages: readonly Buffer[]) {
  const pieces = messages.flatMap((each) => [Buffer.from(` {${each.length}+}\r\n`), each])
  return client.ok(Buffer.concat([Buffer.from(`APPEND ${mailbox}`), ...pieces]))
}

/** A multipart message of about so many bytes, as mail programs write them. */
function message(n: number, bytes: number): Buffer {
  const head = `Return-Path: <sender${n % 97}@remote.test>\r\nReceived: from mx.remote.test (mx.remote.test [192.0.2.7])\r\n\tby mail.example.test (Postwolke) with ESMTPS id ${n}\r\n\tfor <u0@example.test>; Fri, 20 Nov 2026 12:00:00 +0000\r\nFrom: "Sender ${n % 97}" <sender${n % 97}@remote.test>\r\nTo: "User" <u0@example.test>, second${n % 13}@example.test\r\nSubject: message ${n} about =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <${n}.bench@remote.test>\r\nIn-Reply-To: <${Math.floor(n / 2)}.bench@remote.test>\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="part-${n}"\r\n\r\n--part-${n}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`
  const between = `\r\n--part-${n}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>`
  const end = `</p>\r\n--part-${n}--\r\n`
  const line = 'lorem ipsum dolor sit amet, consectetur adipiscing elit\r\n'
  const lines = Math.max(1, Math.floor((bytes - head.length - between.length) / line.length / 2))
  const text = line.repeat(lines)
  return Buffer.from(head + text + between + text + end, 'latin1')
}
