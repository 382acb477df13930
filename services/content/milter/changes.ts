// What a filter wants of the message after it has seen its end, collected into the verdict of its step.

import type { ContentEdit } from '#shared/contracts/content.ts'
import { HEADER_EDITS_MAX } from '#shared/mail/header-edits.ts'
import { madeField } from '#shared/mail/made-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { Conversation } from './conversation.ts'
import { decodeStrings, MilterFailure, type Packet } from './packet.ts'
import { actions } from './protocol.ts'

/** Of one filter for one message, header fields and recipients together: the spool edits no more. */
export const CHANGES_MAX = HEADER_EDITS_MAX
/** Their text together. */
export const CHANGED_BYTES_MAX = 1024 * 1024

export type Changes = {
  readonly edits: readonly ContentEdit[]
  readonly addRecipients: readonly string[]
  readonly removeRecipients: readonly string[]
  readonly sender?: string
  readonly hold?: string
}

type Needed = { readonly [command: string]: number }

/** What a filter must have said it would do. */
const needed: Needed = {
  h: actions.addHeader,
  i: actions.addHeader,
  m: actions.changeHeader,
  '+': actions.addRecipient,
  '2': actions.addRecipientWithArguments,
  '-': actions.removeRecipient,
  e: actions.changeSender,
  b: actions.changeBody,
  q: actions.quarantine,
}

export class ChangeCollector {
  readonly #conversation: Conversation
  /** Names, in lower case, of fields above our Received field, which it was told before those of the message. They stay as they are. */
  readonly #onTop: readonly string[]
  readonly #edits: ContentEdit[] = []
  readonly #added: string[] = []
  readonly #removed: string[] = []
  #sender: string | undefined
  #hold: string | undefined
  #changes = 0
  #bytes = 0

  constructor(conversation: Conversation, onTop: readonly string[]) {
    this.#conversation = conversation
    this.#onTop = onTop
  }

  get changes(): Changes {
    return {
      edits: this.#edits,
      addRecipients: this.#added,
      removeRecipients: this.#removed,
      ...(this.#sender !== undefined && { sender: this.#sender }),
      ...(this.#hold !== undefined && { hold: this.#hold }),
    }
  }

  /** True for a piece of another body, which is not kept here. */
  take(packet: Packet): boolean {
    const { command, data } = packet
    const action = needed[command]
    if (action === undefined) throw new MilterFailure(`answers ${command} to the end of a message`)
    if (!this.#conversation.mayDo(action)) {
      throw new MilterFailure(`does ${command} without having asked`)
    }
    if (command === 'b') return true
    this.#changes += 1
    this.#bytes += data.length
    if (this.#changes > CHANGES_MAX || this.#bytes > CHANGED_BYTES_MAX) {
      throw new MilterFailure(`wants more than ${CHANGES_MAX} changes`)
    }
    this.#take(packet)
    return false
  }

  #take({ command, data }: Packet): void {
    switch (command) {
      case 'h':
        this.#edit(data, (field) => ({ kind: 'append', field }))
        return
      case 'i':
        this.#insert(numberIn(data), data.subarray(NUMBER_BYTES))
        return
      case 'm':
        this.#change(Math.max(1, numberIn(data)), data.subarray(NUMBER_BYTES))
        return
      case '+':
      case '2':
        this.#added.push(addressIn(data))
        return
      case '-':
        this.#removed.push(addressIn(data))
        return
      case 'e':
        this.#sender = addressIn(data)
        return
      case 'q':
        this.#hold = decodeStrings(data, 'utf8')[0] ?? ''
        return
    }
  }

  /** 0 is above our own Received field, 1 below it: before the first field that the filter was told of. */
  #insert(index: number, data: Buffer): void {
    const before = Math.max(0, index - 1 - this.#onTop.length)
    this.#edit(data, (field) =>
      index === 0 ? { kind: 'top', field } : { kind: 'insert', before, field },
    )
  }

  /** An empty value removes the field. */
  #change(told: number, data: Buffer): void {
    const [name = '', value = ''] = decodeStrings(data, 'latin1')
    const lower = name.toLowerCase()
    const occurrence = told - this.#onTop.filter((one) => one === lower).length
    if (occurrence < 1) return
    if (value === '') this.#edits.push({ kind: 'remove', name, occurrence })
    else this.#edit(data, (field) => ({ kind: 'replace', name, occurrence, field }))
  }

  #edit(data: Buffer, make: (field: ByteString) => ContentEdit): void {
    const [name = '', value = ''] = decodeStrings(data, 'latin1')
    const field = madeField(name, value)
    if (field === undefined) throw new MilterFailure('gives a header field that is none')
    this.#edits.push(make(field))
  }
}

const NUMBER_BYTES = 4

function numberIn(data: Buffer): number {
  if (data.length < NUMBER_BYTES) throw new MilterFailure('gives a header field without its place')
  return data.readUInt32BE(0)
}

/** Arguments that may follow, as of ESMTP, are for nobody here. */
function addressIn(data: Buffer): string {
  const [text = ''] = decodeStrings(data, 'utf8')
  const isBracketed = text.startsWith('<') && text.endsWith('>')
  const address = (isBracketed ? text.slice(1, -1) : text).trim()
  if (/[\x00-\x1f\x7f<>]/.test(address)) throw new MilterFailure('gives an address that is none')
  return address
}
