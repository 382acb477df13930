// Order of messages by comparators: RFC 5256 §3, DISPLAYFROM and DISPLAYTO RFC 5957 §3. Texts are compared by
// i;unicode-casemap; what all comparators leave equal is in the order of uids.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { baseSubject } from '#shared/mail/base-subject.ts'
import { compareFolded } from '#shared/mail/casemap.ts'
import type { Comparator, ComparedBy } from '#shared/mail/comparator.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import type { ByteString, EnvelopeAddress } from '#shared/mail/message-index.ts'
import { EnvelopeFields } from './envelope-fields.ts'
import { HeldTexts } from './held-texts.ts'
import type { MessageFacts } from './message-facts.ts'
import { forEachBlob } from './read-blobs.ts'
import type { Reading, Searched } from './reading.ts'
import { sentMs } from './sent-ms.ts'
import { sortInTurns } from './sort-in-turns.ts'
import { SORT_KEY_CHARACTERS_MAX, sortKeyOf } from './sort-key.ts'

/** Values of one comparator by position of the message. */
type Column =
  | { readonly kind: 'number'; readonly values: Float64Array; readonly reverse: boolean }
  | { readonly kind: 'text'; readonly values: string[]; readonly reverse: boolean }

/** Memory of one message in one column, and in what is sorted. */
const VALUE_BYTES = 8
const POSITION_BYTES = 24
/** What a comparison by one comparator costs the pace, in bytes. */
const COMPARISON_BYTES = 16
/** Of a field that is decoded for its key; encoded words are longer than their text. */
const FIELD_BYTES_MAX = 32 * SORT_KEY_CHARACTERS_MAX

/**
 * The uids in order; those of messages that are gone are left out. Reads the stored indexes of all where `arrival` and `size` do not
 * suffice, no object. Throws SearchTooLarge, and what the pace ends with.
 */
export async function sortMessages(
  searched: Searched,
  comparators: readonly Comparator[],
  reading: Reading,
): Promise<Uid[]> {
  const { uids, messages } = searched
  const { memory, pace } = reading
  const wanted = withoutRepeated(comparators)
  memory.hold(uids.length * (POSITION_BYTES + wanted.length * VALUE_BYTES))
  const columns = wanted.map(({ key, reverse }): Column => {
    const { length } = uids
    return numbers.has(key)
      ? { kind: 'number', values: new Float64Array(length), reverse }
      : { kind: 'text', values: Array.from({ length }, () => ''), reverse }
  })
  const texts = new HeldTexts(memory)
  const fill = (message: MessageFacts, fields: EnvelopeFields | undefined, position: number) => {
    for (const [at, { key }] of wanted.entries()) {
      const column = columns[at]
      if (column?.kind === 'number') column.values[position] = numberOf(key, message, fields)
      else if (column?.kind === 'text' && fields !== undefined) {
        column.values[position] = texts.own(sortKeyOf(textOf(key, fields)))
      }
    }
  }
  const positions: number[] = []
  for (let position = 0; position < uids.length; position++) {
    const row = messages.rowOf(uids[position] ?? 0)
    if (row >= 0) {
      positions.push(position)
      fill(messages.recordAt(row), undefined, position)
    }
    const wait = pace.spent(COMPARISON_BYTES)
    if (wait) await wait
  }
  if (wanted.some(({ key }) => key !== 'arrival' && key !== 'size')) {
    await forEachBlob(searched, reading, null, ({ message, blob, position }) => {
      fill(message, new EnvelopeFields(blob.index), position)
      return pace.spent(blob.index.length)
    })
  }
  const compare = (a: number, b: number) => {
    for (const column of columns) {
      const difference = compareAt(column, a, b)
      if (difference !== 0) return column.reverse ? -difference : difference
    }
    return a - b
  }
  const bytes = COMPARISON_BYTES * columns.length
  const order = await sortInTurns(positions, compare, { pace, bytes })
  return order.map((position) => uids[position] as Uid)
}

/** What a comparator leaves equal it leaves equal the second time, too, in either direction. */
function withoutRepeated(comparators: readonly Comparator[]): readonly Comparator[] {
  return comparators.filter(
    ({ key }, at) => comparators.findIndex((other) => other.key === key) === at,
  )
}

const numbers: ReadonlySet<ComparedBy> = new Set(['arrival', 'date', 'size'])

function compareAt(column: Column, a: number, b: number): number {
  if (column.kind === 'number') return (column.values[a] ?? 0) - (column.values[b] ?? 0)
  return compareFolded(column.values[a] ?? '', column.values[b] ?? '')
}

function numberOf(
  key: ComparedBy,
  message: MessageFacts,
  fields: EnvelopeFields | undefined,
): number {
  if (key === 'size') return message.size
  if (key === 'date' && fields !== undefined) return sentMs(message, fields)
  return message.internalDateMs
}

function textOf(key: ComparedBy, fields: EnvelopeFields): string {
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
  return decodeText(address?.mailbox ?? '')
}

/** RFC 5957 §3: the name that is shown, the address where there is none, the name of a group. */
function displayOf(address: EnvelopeAddress | undefined): string {
  if (address === undefined) return ''
  const { name, mailbox, host } = address
  if (name !== null && name !== '') return decodeText(name)
  return decodeText(host === null || host === '' ? `${mailbox ?? ''}` : `${mailbox}@${host}`)
}

function decodeText(value: ByteString): string {
  return decodeHeaderText(value.slice(0, FIELD_BYTES_MAX))
}
