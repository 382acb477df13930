// What the owner of a script is told when it failed: once a day, into INBOX (docs/ARCHITECTURE.md). Which words went wrong stands in
// English, as the compiler and the run say it.

import { oneLine, wrap } from '#shared/mail/dsn/foreign-text.ts'
import type { Language } from '#shared/mail/dsn/notice-text.ts'
import type { Position } from '../finding.ts'
import type { Header } from '../message.ts'
import { type MadeMessage, makeMessage, textEntity } from './message.ts'
import type { Owner } from './own-address.ts'
import { type FailureFacts, scriptWords } from './words.ts'

export type ScriptFailure = {
  /** As its owner calls it; null for the administrator's. */
  readonly script: string | null
  /** As RunResult has it; line 0: none is to blame. */
  readonly at: Position
  readonly reason: string
  /** What it was run for: mail that arrived, or what happened in a mailbox (RFC 6785). */
  readonly where: 'delivery' | 'mailbox'
  /** Of the message that it was run for. */
  readonly header: Header
  readonly owner: Pick<Owner, 'address' | 'name'>
  /** What stands behind `MAILER-DAEMON@` and `postmaster@`. */
  readonly domain: string
  readonly languages: readonly [Language, ...Language[]]
  readonly atMs: number
  /** Of the notice, without angle brackets. */
  readonly messageId: string
}

export function writeFailureNotice(failure: ScriptFailure): MadeMessage {
  const { script, at, reason, where, header, owner, domain, languages, atMs, messageId } = failure
  const facts: FailureFacts = {
    script: script === null ? null : shortened(script),
    line: at.line > 0 ? at.line : null,
    where,
    from: shortened(header.texts('from')[0] ?? ''),
    subject: shortened(header.texts('subject')[0] ?? ''),
    postmaster: `postmaster@${domain}`,
  }
  const all = languages.map((language) => scriptWords[language].failed)
  const [first] = all
  const text = [
    ...paragraphs(all.flatMap((words) => words.opening(facts))),
    ...wrap(oneLine(reason)).map((line) => `    ${line}`),
    '',
    ...paragraphs(all.flatMap((words) => words.closing(facts))),
  ]
  return makeMessage(
    {
      atMs,
      messageId,
      from: [{ name: 'Mail Delivery System', address: `MAILER-DAEMON@${domain}` }],
      to: [{ name: owner.name, address: owner.address }],
      subject: first?.subject(facts.script ?? 'global') ?? '',
      // RFC 3834 §5: news, and no answer to the message.
      autoSubmitted: 'auto-generated',
      of: header,
      isReply: false,
      more: [`Content-Language: ${languages.join(', ')}\r\n`],
    },
    textEntity(text.join('\n')),
  )
}

const paragraphs = (all: readonly string[]) => all.flatMap((text) => [...wrap(oneLine(text)), ''])

/** What others wrote, in a sentence. */
const shortened = (text: string) => oneLine(text.slice(0, SHOWN_CHARACTERS_MAX))
const SHOWN_CHARACTERS_MAX = 200
