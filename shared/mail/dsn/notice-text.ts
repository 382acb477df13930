// What a person reads of a report: subject and text, in the languages wanted, or as an operator's template has it. The words of other
// systems stand in it as they came, a line for each recipient as Postfix writes it.

import { asciiLine, isAscii, oneLine, wrap } from './foreign-text.ts'
import { reasonOf } from './reason.ts'
import type { Report, ReportedRecipient } from './report.ts'
import { expandTemplate, type Templates, type TemplateVariables } from './template.ts'
import { english } from './words/english.ts'
import { german } from './words/german.ts'
import type { Facts, Outcome, Words } from './words/words.ts'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

export type NoticeText = {
  /** ASCII, one line. */
  readonly subject: string
  readonly from: string
  readonly charset: string
  readonly body: string
  /** Empty where nobody knows. */
  readonly languages: readonly Language[]
}

const wordsOf: { readonly [language in Language]: Words } = { en: english, de: german }

export type NoticeTextOptions = {
  readonly languages: readonly [Language, ...Language[]]
  readonly templates: Templates
  readonly variables: Pick<TemplateVariables, 'mydomain' | 'delayWarningMs' | 'lifetimeMs'>
}

export function noticeText(report: Report, options: NoticeTextOptions): NoticeText {
  const { kind, reader, domain, hostname } = report
  const from = `Mail Delivery System <MAILER-DAEMON@${domain}>`
  const template = kind === 'problem' ? undefined : options.templates[kind]
  if (template !== undefined) {
    const variables = { ...options.variables, myhostname: hostname }
    const body = [...expandTemplate(template, variables), '', ...diagnostics(report)]
    return {
      subject: reader === 'sender' ? template.subject : template.postmasterSubject,
      // As Postfix completes it.
      from: template.from.replace(/^MAILER-DAEMON(?= \(|$)/i, `MAILER-DAEMON@${domain}`),
      charset: body.every(isAscii) ? template.charset : 'utf-8',
      body: ended(body),
      languages: [],
    }
  }
  const all = options.languages.map((language) => wordsOf[language])
  const subjects = all.map((words) =>
    reader === 'sender' ? words.subjects[kind] : words.postmasterSubjects[kind],
  )
  const facts = factsOf(report)
  const body = [
    ...paragraphs(all.flatMap((words) => words.opening(facts))),
    ...diagnostics(report),
    '',
    ...paragraphs(all.flatMap((words) => words.closing(facts))),
  ]
  return {
    subject: subjects.map(asciiLine)[0] ?? '',
    from,
    charset: 'utf-8',
    body: ended(body),
    languages: options.languages,
  }
}

const ended = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('')

const paragraphs = (all: readonly string[]) => all.flatMap((text) => [...wrap(oneLine(text)), ''])

/** RFC 5322 has no line that is longer for it. */
const INDENT = '    '

function diagnostics({ recipients }: Report): readonly string[] {
  return recipients.flatMap((recipient, i) => [
    ...(i === 0 ? [] : ['']),
    ...wrap(oneLine(diagnosticLine(recipient)), INDENT),
  ])
}

function diagnosticLine({ address, original, reply, action }: ReportedRecipient): string {
  const from = original === address || action === 'expanded' ? '' : ` (expanded from <${original}>)`
  return `<${address}>${from}: ${reply}`
}

function factsOf(report: Report): Facts {
  const { kind, reader, hostname, domain, recipients, message, atMs, retriesUntilMs } = report
  const outcomes = Map.groupBy(recipients, outcomeOf)
  return {
    kind,
    reader,
    sender: message.sender,
    hostname,
    postmaster: `postmaster@${domain}`,
    outcomes: [...outcomes].map(([reason, addresses]) => ({ reason, addresses })),
    count: recipients.length,
    hours: Math.max(1, Math.round((atMs - message.arrivedMs) / HOUR_MS)),
    retriesUntil: minute(retriesUntilMs),
    returned: message.returned?.kind ?? null,
  }
}

const HOUR_MS = 3_600_000
const minute = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

function outcomeOf({ action, status }: ReportedRecipient): Outcome['reason'] {
  switch (action) {
    case 'delivered':
    case 'relayed':
    case 'expanded':
    case 'deliverable':
      return action
    case 'failed':
    case 'undeliverable':
      return reasonOf(status, true)
    case 'delayed':
      return reasonOf(status, false)
  }
}
