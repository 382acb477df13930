// Header fields that the stored index answers without reading the message: those of the ENVELOPE (RFC 9051 §6.4.4: FROM, TO, CC,
// BCC and SUBJECT search the envelope structure).
//
// Of a field that is repeated against RFC 5322 §3.6, the index has the first only, and that there are others. Addresses are searched in
// one spelling, `"Name" <mailbox@host>`, whatever comments and blanks were sent.

import { decodeHeaderText, headerTextPieces } from '#shared/mail/encoded-words.ts'
import { decodeEnvelope, decodeIndex, repeatsFields } from '#shared/mail/index-codec.ts'
import {
  ENVELOPE_ADDRESSES_MAX,
  type Envelope,
  type EnvelopeAddress,
} from '#shared/mail/message-index.ts'
import { parseSentDate, type SentDate } from '#shared/mail/sent-date.ts'

/** What the index says of a field: its text in pieces, or that it is missing or has to be looked for in the header. */
export type FieldText = Iterable<string> | 'missing' | 'in-header'

const fields = {
  subject: ({ subject }: Envelope) => subject,
  date: ({ date }: Envelope) => date,
  'message-id': ({ messageId }: Envelope) => messageId,
  'in-reply-to': ({ inReplyTo }: Envelope) => inReplyTo,
  from: ({ from }: Envelope) => from,
  to: ({ to }: Envelope) => to,
  cc: ({ cc }: Envelope) => cc,
  bcc: ({ bcc }: Envelope) => bcc,
} as const

export type EnvelopeField = keyof typeof fields

export function isEnvelopeField(name: string): name is EnvelopeField {
  return Object.hasOwn(fields, name)
}

/** The indexed fields of one message. */
export class EnvelopeFields {
  readonly #index: Uint8Array
  #envelope: Envelope | undefined
  #sentDate: SentDate | undefined | null = null

  constructor(index: Uint8Array) {
    this.#index = index
  }

  get envelope(): Envelope {
    this.#envelope ??= decodeEnvelope(this.#index)
    return this.#envelope
  }

  /** Undefined without a valid Date field. */
  get sentDate(): SentDate | undefined {
    if (this.#sentDate === null) this.#sentDate = parseSentDate(this.envelope.date ?? '')
    return this.#sentDate
  }

  /** Whether the header may say more of a field than the index. */
  get areRepeated(): boolean {
    return repeatsFields(this.#index)
  }

  field(name: EnvelopeField): FieldText {
    const value = fields[name](this.envelope)
    if (value === null) return this.#missing(name)
    if (typeof value === 'string') return headerTextPieces(value)
    return value.length >= ENVELOPE_ADDRESSES_MAX ? 'in-header' : addressTexts(value)
  }

  #missing(name: EnvelopeField): FieldText {
    // Not noted by the index; an empty one is as good as none.
    if (name === 'in-reply-to') return 'missing'
    return decodeIndex(this.#index).has.includes(name) ? 'in-header' : 'missing'
  }
}

function* addressTexts(addresses: readonly EnvelopeAddress[]): Generator<string> {
  for (const [at, address] of addresses.entries()) {
    if (at > 0) yield ', '
    yield* addressText(address)
  }
}

/** As RFC 5322 §3.4 writes it; starts and ends of groups as `name:` and `;`. */
function* addressText({ name, mailbox, host }: EnvelopeAddress): Generator<string> {
  if (host === null) {
    if (mailbox !== null) yield* headerTextPieces(mailbox)
    yield mailbox === null ? ';' : ':'
    return
  }
  const address = host === '' ? `${mailbox}` : `${mailbox}@${host}`
  if (name === null) {
    yield* headerTextPieces(address)
    return
  }
  // A long name is quoted without looking for what needs it.
  const short = name.length > NAME_BYTES_MAX ? undefined : decodeHeaderText(name)
  const quote = short === undefined || specials.test(short) ? '"' : ''
  yield quote
  yield* short === undefined ? headerTextPieces(name) : [short]
  yield `${quote} <`
  yield* headerTextPieces(address)
  yield '>'
}

const NAME_BYTES_MAX = 4_096
const specials = /[()<>[\]:;@\\,."]/
