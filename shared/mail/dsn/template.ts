// An operator's own texts, in the format of Postfix's bounce_template_file (bounce(5)): for each kind of report header lines, an empty
// line, and a text with `$variables`.

import { isAscii } from './foreign-text.ts'
import type { ReportKind } from './report.ts'

export type TemplateKind = Exclude<ReportKind, 'problem'>

export type Template = {
  readonly charset: string
  readonly from: string
  readonly subject: string
  readonly postmasterSubject: string
  readonly lines: readonly string[]
}

export type Templates = { readonly [kind in TemplateKind]?: Template }

export type TemplateVariables = {
  readonly myhostname: string
  readonly mydomain: string
  readonly delayWarningMs: number
  readonly lifetimeMs: number
}

/** Of the whole file. */
export const TEMPLATES_BYTES_MAX = 100_000

const kinds = ['failure', 'delay', 'success', 'verify'] as const satisfies readonly TemplateKind[]
const BEGINNING = /^(failure|delay|success|verify)_template[ \t]*=[ \t]*<<[ \t]*(\w{1,100})[ \t]*$/
const FIELDS = ['charset', 'from', 'subject', 'postmaster-subject']
const CHARSETS = ['us-ascii', 'utf-8']

/** A text says what is wrong, and where. */
export function parseTemplates(text: string): Templates | string {
  const lines = text.split(/\r?\n/)
  const found: { [kind in TemplateKind]?: Template } = {}
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, word, end] = BEGINNING.exec(line) ?? []
    const kind = kinds.find((one) => one === word)
    if (kind === undefined) return `line ${at + 1}: no beginning of a template`
    const last = lines.indexOf(end ?? '', at + 1)
    if (last < 0) return `line ${at + 1}: no line ${end} ends this template`
    const template = parseTemplate(lines.slice(at + 1, last))
    if (typeof template === 'string') return `${kind}_template: ${template}`
    found[kind] = template
    at = last
  }
  return found
}

function parseTemplate(lines: readonly string[]): Template | string {
  const fields = new Map<string, string>()
  const empty = lines.indexOf('')
  if (empty < 0) return 'no empty line behind its header'
  for (const line of lines.slice(0, empty)) {
    const colon = Math.max(0, line.indexOf(':'))
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1)
    if (!FIELDS.includes(name.toLowerCase())) return `'${line}' is no header line of a template`
    // bounce(5): one line of ASCII, and nothing is put in.
    if (!isAscii(value) || /[\x00-\x1f\x7f$]/.test(value))
      return `${name} must be plain ASCII, without $`
    fields.set(name.toLowerCase(), value.trim())
  }
  const body = lines.slice(empty + 1)
  const charset = (fields.get('charset') ?? 'us-ascii').toLowerCase()
  if (!CHARSETS.includes(charset)) return `Charset must be one of ${CHARSETS.join(', ')}`
  if (charset === 'us-ascii' && !body.every(isAscii)) return 'Charset must be utf-8 for this text'
  const from = fields.get('from')
  const subject = fields.get('subject')
  if (!from || !subject) return 'From and Subject are missing'
  const unknown = body
    .flatMap((line) => [...line.matchAll(VARIABLE)])
    .find(([name]) => !isKnown(name))
  if (unknown !== undefined) return `${unknown[0]} is no variable of a template`
  const postmasterSubject = fields.get('postmaster-subject') ?? subject
  return { charset, from, subject, postmasterSubject, lines: body }
}

/** `$$`, `$name`, `${name}`, `$(name)`. */
const VARIABLE = /\$(?:\$|(\w{1,100})|\{(\w{1,100})\}|\((\w{1,100})\))/g
const TIME = /^(delay_warning_time|maximal_queue_lifetime)_(seconds|minutes|hours|days|weeks)$/
const unitMs = {
  seconds: 1_000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 24 * 3_600_000,
  weeks: 7 * 24 * 3_600_000,
} as const

const nameIn = (written: string) => written.replace(/[${}()]/g, '')

function isKnown(written: string): boolean {
  const name = nameIn(written)
  return written === '$$' || name === 'myhostname' || name === 'mydomain' || TIME.test(name)
}

export function expandTemplate(
  { lines }: Template,
  variables: TemplateVariables,
): readonly string[] {
  return lines.map((line) =>
    line.replace(VARIABLE, (written) =>
      written === '$$' ? '$' : valueIn(nameIn(written), variables),
    ),
  )
}

function valueIn(name: string, variables: TemplateVariables): string {
  if (name === 'myhostname') return variables.myhostname
  if (name === 'mydomain') return variables.mydomain
  const [, which, unit] = TIME.exec(name) ?? []
  const ms = which === 'delay_warning_time' ? variables.delayWarningMs : variables.lifetimeMs
  return unit !== undefined && isUnit(unit) ? String(Math.floor(ms / unitMs[unit])) : ''
}

const isUnit = (unit: string): unit is keyof typeof unitMs => Object.hasOwn(unitMs, unit)
