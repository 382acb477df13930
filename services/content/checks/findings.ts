// What the checks of one message have found, and what becomes of it.

import type { ContentEdit, StepVerdict } from '#shared/contracts/content.ts'
import type { EnhancedStatus, SmtpReply } from '#shared/contracts/policy.ts'
import type { StashedBytes } from '#shared/contracts/spool.ts'
import { madeField } from '#shared/mail/made-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { CheckVerb } from '#shared/settings/patterns/check-action.ts'
import type { CheckedLine } from './checked-lines.ts'
import type { LineEdit } from './edited-body.ts'

/** Lines in the log for one message, and what they show of a line. */
export const WARNINGS_MAX = 20
const SHOWN_CHARACTERS_MAX = 200
/** Lines of one message that are changed; beyond it the message is refused. */
export const CHANGED_LINES_MAX = 10_000

const tooManyChanges: SmtpReply = {
  code: 550,
  status: '5.7.1',
  text: 'Too many lines to be changed',
}

export class Findings {
  readonly #headerEdits: ContentEdit[] = []
  readonly bodyEdits = new Map<number, LineEdit>()
  readonly #warnings: string[] = []
  readonly #recipients: string[] = []
  readonly #found: string[] = []
  #end:
    | { readonly kind: 'reject'; readonly reply: SmtpReply }
    | { readonly kind: 'discard' }
    | undefined
  #hold: string | undefined
  #redirect: string | undefined
  #filter: string | undefined
  #isPassed = false

  /** Nothing that is still to be looked at counts. */
  get isDecided(): boolean {
    return this.#end !== undefined || this.#isPassed
  }

  take(line: CheckedLine, verb: CheckVerb, text: ByteString): void {
    switch (verb) {
      case 'dunno':
        return
      case 'reject':
        this.#note(line, verb)
        this.#end = { kind: 'reject', reply: refusal(shown(text)) }
        return
      case 'discard':
        this.#tell(line, verb, text)
        this.#end = { kind: 'discard' }
        return
      case 'hold':
        this.#note(line, verb)
        this.#hold ??= text === '' ? `${line.kind} check: ${shown(line.text)}` : shown(text)
        return
      case 'ignore':
        this.#edit(line, { before: '', instead: '' })
        return
      case 'strip':
        this.#tell(line, verb, text)
        this.#edit(line, { before: '', instead: '' })
        return
      case 'replace':
        this.#edit(line, { before: '', instead: this.#lineOf(line, text) })
        return
      case 'prepend':
        this.#edit(line, { before: this.#lineOf(line, text) ?? '', instead: undefined })
        return
      case 'info':
      case 'warn':
        this.#tell(line, verb, text)
        return
      case 'redirect':
        this.#note(line, verb)
        this.#redirect = shown(text)
        return
      case 'bcc':
        this.#note(line, verb)
        this.#recipients.push(shown(text))
        return
      case 'filter':
        this.#note(line, verb)
        this.#filter = shown(text)
        return
      case 'pass':
        this.#tell(line, verb, text)
        this.#isPassed = true
        return
      default:
        unreachable(verb)
    }
  }

  /** `body`: where lines of it were changed. */
  verdict(body?: StashedBytes): StepVerdict {
    const warnings = this.#warnings
    const found = this.#found.length > 0 ? this.#found.join(', ') : undefined
    const told = { ...(warnings.length > 0 && { warnings }), ...(found !== undefined && { found }) }
    if (this.#end !== undefined) return { ...this.#end, ...told }
    return {
      kind: 'accept',
      ...told,
      ...(this.#headerEdits.length > 0 && { edits: this.#headerEdits }),
      ...(body !== undefined && { body }),
      ...(this.#hold !== undefined && { hold: this.#hold }),
      ...(this.#redirect !== undefined && { redirect: this.#redirect }),
      ...(this.#filter !== undefined && { filter: this.#filter }),
      ...(this.#recipients.length > 0 && { addRecipients: this.#recipients }),
    }
  }

  #edit(line: CheckedLine, edit: Pick<LineEdit, 'before' | 'instead'>): void {
    const { before, instead } = edit
    if (before === '' && instead === undefined) return
    if (this.#headerEdits.length + this.bodyEdits.size >= CHANGED_LINES_MAX) {
      this.#end = { kind: 'reject', reply: tooManyChanges }
      return
    }
    if (line.lines > 0) {
      this.bodyEdits.set(line.place, { lines: line.lines, before, instead })
      return
    }
    const field = before + (instead ?? line.field ?? '')
    this.#headerEdits.push({ kind: 'replace-stored', position: line.place, field })
  }

  /** A line for this place; undefined where no such line can stand there, which is told. */
  #lineOf(line: CheckedLine, text: ByteString): ByteString | undefined {
    if (line.kind === 'body') return `${text.split(/\r?\n|\r/).join('\r\n')}\r\n`
    const colon = text.indexOf(':')
    const field = madeField(text.slice(0, Math.max(0, colon)), text.slice(colon + 1))
    if (field === undefined) this.#warn(`${line.kind} check: no header field: ${shown(text)}`)
    return field
  }

  #tell(line: CheckedLine, verb: CheckVerb, text: ByteString): void {
    const comment = text === '' ? '' : `: ${shown(text)}`
    this.#warn(`${line.kind} check ${verb}: ${shown(line.text)}${comment}`)
    this.#note(line, verb)
  }

  #warn(warning: string): void {
    if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(warning)
  }

  #note({ kind }: CheckedLine, verb: CheckVerb): void {
    const what = `${kind} ${verb}`
    if (!this.#found.includes(what)) this.#found.push(what)
  }
}

function shown(text: ByteString): string {
  const utf8 = Buffer.from(text, 'latin1').toString('utf8')
  return utf8.replace(/[\x00-\x20\x7f]+/g, ' ').slice(0, SHOWN_CHARACTERS_MAX)
}

const STATUS = /^([45]\.\d{1,3}\.\d{1,3})(?:\s+|$)/

/** Its text may begin with a status (RFC 3463), whose class decides about the code. */
function refusal(text: string): SmtpReply {
  const [whole = '', status = '5.7.1'] = STATUS.exec(text) ?? []
  const rest = text.slice(whole.length)
  return {
    code: status.startsWith('4') ? 451 : 550,
    status: status as EnhancedStatus,
    text: rest === '' ? 'Message content rejected' : rest,
  }
}
