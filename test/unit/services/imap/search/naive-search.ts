// SEARCH without any of the cleverness: every message whole in memory, every part decoded whole, every key asked in the order it
// comes. The searches of the differential test are compared with it.

import type { SearchKey } from '#shared/imap/search-key.ts'
import { formatSequenceSet, type MessageSet } from '#shared/imap/sequence-set.ts'
import { foldCase } from '#shared/mail/casemap.ts'
import { decodeText } from '#shared/mail/charset.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { flagList } from '#shared/mailbox/flags.ts'
import { decodeTransfer } from '#test/support/decode-transfer.ts'
import type { StoredMessage } from './message-store.ts'

export type NaiveContext = {
  readonly nowMs: number
  /** Uids by sequence number. */
  readonly uids: readonly number[]
  readonly saved: readonly number[]
}

export function naiveMatches(
  key: SearchKey,
  message: StoredMessage,
  context: NaiveContext,
): boolean {
  const { record } = message
  const inner = (each: SearchKey) => naiveMatches(each, message, context)
  switch (key.kind) {
    case 'all':
    case 'save-date-supported':
      return true
    case 'and':
      return key.keys.every(inner)
    case 'or':
      return inner(key.either) || inner(key.other)
    case 'not':
      return !inner(key.key)
    case 'numbers': {
      const number = context.uids.indexOf(record.uid) + 1
      return names(key.messages, number, context.uids.length, context.saved.includes(record.uid))
    }
    case 'uids':
      return names(
        key.messages,
        record.uid,
        context.uids.at(-1) ?? 0,
        context.saved.includes(record.uid),
      )
    case 'flag': {
      const flags = flagList(record.flags).map((flag) => flag.toLowerCase())
      return flags.includes(key.flag.toLowerCase()) === key.set
    }
    case 'header':
      return fieldsOf(message)
        .filter(([name]) => name === key.field)
        .some(([, value]) => holds(value, key.value))
    case 'body':
      return textsOf(message, false).some((text) => holds(text, key.value)) || key.value === ''
    case 'text':
      return textsOf(message, true).some((text) => holds(text, key.value)) || key.value === ''
    case 'internal-date':
      return compareDays(key, dayOf(record.internalDateMs))
    case 'save-date':
      return compareDays(key, dayOf(record.saveDateMs))
    case 'sent-date': {
      const [, date] = fieldsOf(message).find(([name]) => name === 'date') ?? []
      const day = /(\d+) (\w+) (\d+)/.exec(date ?? '')
      return day !== null && compareDays(key, Date.parse(`${day[0]} UTC`))
    }
    case 'age': {
      const ageMs = context.nowMs - record.internalDateMs
      return key.compare === 'older' ? ageMs >= key.seconds * 1000 : ageMs <= key.seconds * 1000
    }
    case 'size':
      return key.compare === 'larger' ? record.size > key.bytes : record.size < key.bytes
    case 'modseq':
      return record.modSeq >= key.modSeq
    case 'email-id':
      return record.blobId === key.id
    case 'thread-id':
      return false
  }
}

function names(set: MessageSet, number: number, largest: number, isSaved: boolean): boolean {
  if (set.kind === 'saved') return isSaved
  return formatSequenceSet(set.ranges)
    .split(',')
    .some((range) => {
      const [a = 0, b = a] = range.split(':').map((n) => (n === '*' ? largest : Number(n)))
      return number >= Math.min(a, b) && number <= Math.max(a, b)
    })
}

const dayOf = (ms: number) => Date.parse(new Date(ms).toISOString().slice(0, 10))

function compareDays({ compare, dayMs }: { compare: string; dayMs: number }, day: number): boolean {
  if (compare === 'before') return day < dayMs
  return compare === 'on' ? day === dayMs : day >= dayMs
}

function holds(text: string, value: string): boolean {
  return foldCase(text).includes(foldCase(Buffer.from(value, 'latin1').toString('utf8')))
}

function fieldsOf({ bytes, index, blob }: StoredMessage): [string, string][] {
  const header = Buffer.concat([
    Buffer.from(blob.prepend, 'latin1'),
    bytes.subarray(0, index.headerBytes),
  ])
  return headerFields(header).map(({ name, value }) => [
    name.toLowerCase(),
    decodeHeaderText(value),
  ])
}

/** Decoded texts; with headers, each field as a line of its own. */
function textsOf(message: StoredMessage, headers: boolean): string[] {
  const { bytes, index, blob } = message
  const texts: string[] = []
  const visit = (part: Part, before: string) => {
    if (headers) {
      const [offset, length] = part.header
      const header = Buffer.concat([
        Buffer.from(before, 'latin1'),
        bytes.subarray(offset, offset + length),
      ])
      for (const { name, value } of headerFields(header)) {
        texts.push(`${name}: ${decodeHeaderText(value)}\n`)
      }
    }
    if (part.kind === 'multipart') for (const child of part.parts) visit(child, '')
    if (part.kind === 'message') visit(part.message, '')
    if (part.kind === 'leaf' && (part.type === 'text' || part.type === 'message')) {
      const [offset, length] = part.body
      const body = bytes.subarray(offset, offset + length)
      const decoded = decodeTransfer(body, part.encoding) ?? body
      texts.push(decodeText(decoded, parameterValue(part.parameters, 'charset')))
    }
  }
  visit(index.structure, blob.prepend)
  return texts
}
