// Order of messages by the criteria of SORT: RFC 5256 §3, DISPLAYFROM and DISPLAYTO RFC 5957 §3. Texts are compared by
// i;unicode-casemap; what all criteria leave equal is in the order of sequence numbers.

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { SortCriterion, SortKey } from '#shared/imap/search-arguments.ts'
import { baseSubject } from '#shared/mail/base-subject.ts'
import { compareFolded, foldCase } from '#shared/mail/casemap.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { EnvelopeAddress } from '#shared/mail/message-index.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import type { Reading } from './find-messages.ts'
import { IndexedFields } from './indexed-fields.ts'
import { forEachBlob } from './read-blobs.ts'
import { sentMs } from './sent-ms.ts'

/** Values of one criterion by position of the message. */
type Column =
  | { readonly kind: 'number'; readonly values: Float64Array; readonly reverse: boolean }
  | { readonly kind: 'text'; readonly values: string[]; readonly reverse: boolean }

export async function sortMessages(
  messages: readonly MessageRecord[],
  criteria: readonly SortCriterion[],
  reading: Reading,
): Promise<Uid[]> {
  const columns = criteria.map(({ key, reverse }): Column => {
    const { length } = messages
    return numbers.has(key)
      ? { kind: 'number', values: new Float64Array(length), reverse }
      : { kind: 'text', values: Array.from({ length }, () => ''), reverse }
  })
  const fill = (message: MessageRecord, fields: IndexedFields | undefined, position: number) => {
    for (const [at, { key }] of criteria.entries()) {
      const column = columns[at]
      if (column?.kind === 'number') column.values[position] = numberOf(key, message, fields)
      else if (column?.kind === 'text' && fields !== undefined) {
        column.values[position] = foldCase(textOf(key, fields))
      }
    }
  }
  for (const [position, message] of messages.entries()) fill(message, undefined, position)
  if (criteria.some(({ key }) => key !== 'arrival' && key !== 'size')) {
    await forEachBlob(messages, reading, (message, blob, position) =>
      fill(message, new IndexedFields(blob.index), position),
    )
  }
  const order = Uint32Array.from(messages.keys()).sort((a, b) => {
    for (const column of columns) {
      const difference = compareAt(column, a, b)
      if (difference !== 0) return column.reverse ? -difference : difference
    }
    return a - b
  })
  return Array.from(order, (position) => messages[position]?.uid).filter((uid) => uid !== undefined)
}

const numbers: ReadonlySet<SortKey> = new Set(['arrival', 'date', 'size'])

function compareAt(column: Column, a: number, b: number): number {
  if (column.kind === 'number') return (column.values[a] ?? 0) - (column.values[b] ?? 0)
  return compareFolded(column.values[a] ?? '', column.values[b] ?? '')
}

function numberOf(key: SortKey, message: MessageRecord, fields: IndexedFields | undefined): number {
  if (key === 'size') return message.size
  if (key === 'date' && fields !== undefined) return sentMs(message, fields)
  return message.internalDateMs
}

function textOf(key: SortKey, fields: IndexedFields): string {
  const { subject, from, to, cc } = fields.envelope
  switch (key) {
    case 'subject':
      return baseSubject(subject).base
    case 'from':
      return mailboxOf(from?.[0])
    case 'to':
      return mailboxOf(to?.[0])
    case 'cc':
      return mailboxOf(cc?.[0])
    case 'displayfrom':
      return displayOf(from?.[0])
    case 'displayto':
      return displayOf(to?.[0])
    case 'arrival':
    case 'date':
    case 'size':
      return ''
  }
}

/** RFC 5256 §3: the mailbox of the first address, without its host; the name of a group. */
function mailboxOf(address: EnvelopeAddress | undefined): string {
  return decodeHeaderText(address?.mailbox ?? '')
}

/** RFC 5957 §3: the name that is shown, the address where there is none, the name of a group. */
function displayOf(address: EnvelopeAddress | undefined): string {
  if (address === undefined) return ''
  const { name, mailbox, host } = address
  if (name !== null && name !== '') return decodeHeaderText(name)
  return decodeHeaderText(host === null || host === '' ? `${mailbox ?? ''}` : `${mailbox}@${host}`)
}
