// What the steps of the content stage want of one message, added up.

import type {
  ContentEdit,
  ContentTrace,
  ContentVerdict,
  StepVerdict,
} from '#shared/contracts/content.ts'
import type { EnvelopeRecipient, Rewriting, SmtpEnvelope } from '#shared/contracts/spool.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { HEADER_EDITS_MAX, type HeaderEdit } from '#shared/mail/header-edits.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

/** Header fields that are kept beside the stored message, in the queue item; more is written into the message itself. */
export const BESIDE_BYTES_MAX = 32 * 1024
/** Recipients of one message that steps add. */
export const ADDED_RECIPIENTS_MAX = 100
/** Warnings of one message that are told. */
const WARNINGS_MAX = 20

export class Wants {
  #sender: string
  #recipients: readonly EnvelopeRecipient[]
  readonly #envelope: SmtpEnvelope
  #added = 0
  #haveRecipientsChanged = false
  readonly #above: ByteString
  /** Put above everything; the last comes first. */
  #onTop: ByteString = ''
  /** Before all that is stored, as long as nothing else is edited. */
  #beforeStored: readonly HeaderEdit[] = []
  readonly #edits: HeaderEdit[] = []
  /** Those of them whose cost grows with the header. */
  #costly = 0
  #body: Rewriting['body']
  #first: Pick<StepVerdict, 'junk' | 'hold' | 'redirect' | 'filter'> = {}
  readonly warnings: string[] = []

  /** `above`: what policy puts on top already. */
  constructor(envelope: SmtpEnvelope, above: ByteString) {
    this.#envelope = envelope
    this.#sender = envelope.sender
    this.#recipients = envelope.recipients
    this.#above = above
  }

  get envelope(): SmtpEnvelope {
    return { ...this.#envelope, sender: this.#sender, recipients: this.#recipients }
  }

  get onTop(): ByteString {
    return this.#onTop + this.#above
  }

  /** Of what is stored, to see the message as it is by now. */
  get rewriting(): Rewriting | undefined {
    const edits = [...this.#beforeStored, ...this.#edits]
    if (edits.length === 0 && this.#body === undefined) return undefined
    return { edits, ...(this.#body && { body: this.#body }) }
  }

  get isForNobody(): boolean {
    return this.#recipients.length === 0
  }

  add(step: string, verdict: StepVerdict): void {
    for (const warning of verdict.warnings ?? []) this.#warn(step, warning)
    for (const edit of verdict.edits ?? []) this.#edit(edit)
    if (verdict.body !== undefined) this.#body = verdict.body
    if (verdict.sender !== undefined) this.#changeSender(step, verdict.sender)
    for (const address of verdict.removeRecipients ?? []) this.#remove(address)
    for (const address of verdict.addRecipients ?? []) this.#add(step, address)
    const { junk, hold, redirect, filter } = verdict
    if (redirect !== undefined && parseAddress(redirect) === undefined) {
      throw new TemporaryFailure(`${step} redirects to no address: <${redirect}>`)
    }
    // The first reason counts, and of the ways the last one named, as policy's (Postfix's FILTER and REDIRECT) do.
    this.#first = {
      ...(junk !== undefined && { junk }),
      ...(hold !== undefined && { hold }),
      ...this.#first,
      ...(redirect !== undefined && { redirect }),
      ...(filter !== undefined && { filter }),
    }
  }

  verdict(trail: readonly ContentTrace[]): ContentVerdict {
    const { envelope } = this
    const isPlain = this.#edits.length === 0 && this.#body === undefined
    const fields = this.#beforeStored.map((edit) => ('field' in edit ? edit.field : ''))
    return {
      kind: 'accept',
      trail,
      warnings: this.warnings,
      onTop: this.#onTop,
      // An edit more or less of a message that is written anew anyway.
      beforeStored: isPlain ? fields.toReversed().join('') : '',
      rewriting: isPlain ? undefined : this.rewriting,
      ...this.#first,
      ...(envelope.sender !== this.#envelope.sender && { sender: envelope.sender }),
      ...(this.#haveRecipientsChanged && { recipients: envelope.recipients }),
    }
  }

  #edit(edit: ContentEdit): void {
    if (edit.kind === 'top') {
      if (this.#hasRoomBeside(edit.field)) this.#onTop = edit.field + this.#onTop
      else this.#edit({ kind: 'insert', before: 0, field: edit.field })
      return
    }
    const isFirst = edit.kind === 'insert' && edit.before === 0
    if (isFirst && this.#edits.length === 0 && this.#hasRoomBeside(edit.field)) {
      this.#beforeStored = [...this.#beforeStored, edit]
      return
    }
    this.#edits.push(...this.#beforeStored, edit)
    this.#costly += this.#beforeStored.length + (edit.kind === 'replace-stored' ? 0 : 1)
    this.#beforeStored = []
    if (this.#costly > HEADER_EDITS_MAX) {
      throw new TemporaryFailure(`more than ${HEADER_EDITS_MAX} changes of the header`)
    }
  }

  #hasRoomBeside(field: ByteString): boolean {
    const beside = this.#beforeStored.reduce((sum, edit) => {
      return sum + ('field' in edit ? edit.field.length : 0)
    }, this.#onTop.length)
    return beside + field.length <= BESIDE_BYTES_MAX
  }

  #changeSender(step: string, address: string): void {
    if (address === '' || parseAddress(address) !== undefined) this.#sender = address
    else this.#warn(step, `no address: <${address}>`)
  }

  #remove(address: string): void {
    const gone = address.toLowerCase()
    const left = this.#recipients.filter((one) => one.address.toLowerCase() !== gone)
    this.#haveRecipientsChanged ||= left.length < this.#recipients.length
    this.#recipients = left
  }

  #add(step: string, address: string): void {
    const known = address.toLowerCase()
    if (this.#recipients.some((one) => one.address.toLowerCase() === known)) return
    if (parseAddress(address) === undefined) {
      this.#warn(step, `no address: <${address}>`)
      return
    }
    this.#added += 1
    if (this.#added > ADDED_RECIPIENTS_MAX) {
      throw new TemporaryFailure(`more than ${ADDED_RECIPIENTS_MAX} recipients added`)
    }
    // Nobody knows of him: what is wished of notifications (RFC 3461) is as if nothing had been said.
    this.#recipients = [...this.#recipients, { address, notify: [], originalRecipient: null }]
    this.#haveRecipientsChanged = true
  }

  #warn(step: string, text: string): void {
    if (this.warnings.length < WARNINGS_MAX) this.warnings.push(`${step}: ${text}`)
  }
}
