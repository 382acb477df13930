// SEARCH without any of the cleverness: every message whole in memory, every part decoded whole, every criterion asked in the order it
// comes. The searches of the differential test are compared with it.

import { foldCase } from '#shared/mail/casemap.ts'
import { decodeText } from '#shared/mail/charset.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { flagList } from '#shared/mailbox/flags.ts'
import type { Criterion, Interval } from '#shared/search/criterion.ts'
import { decodeTransfer } from '#test/support/decode-transfer.ts'
import type { StoredMessage } from './message-store.ts'

export function naiveMatches(criterion: Criterion, message: StoredMessage): boolean {
  const { record } = message
  const inner = (each: Criterion) => naiveMatches(each, message)
  switch (criterion.kind) {
    case 'all':
      return true
    case 'and':
      return criterion.criteria.every(inner)
    case 'or':
      return criterion.criteria.some(inner)
    case 'not':
      return !inner(criterion.criterion)
    case 'uids':
      return criterion.uids.has(record.uid)
    case 'flag': {
      const flags = flagList(record.flags).map((flag) => flag.toLowerCase())
      return flags.includes(criterion.flag.toLowerCase()) === criterion.set
    }
    case 'header':
      return fieldsOf(message)
        .filter(([name]) => name === criterion.field)
        .some(([, value]) => holds(value, criterion.text))
    case 'body':
    case 'text': {
      const texts = textsOf(message, criterion.kind === 'text')
      return texts.some((text) => holds(text, criterion.text)) || criterion.text === ''
    }
    case 'received':
      return isIn(criterion, record.internalDateMs)
    case 'saved':
      return isIn(criterion, record.saveDateMs)
    case 'sent': {
      const [, date] = fieldsOf(message).find(([name]) => name === 'date') ?? []
      const day = /(\d+) (\w+) (\d+)/.exec(date ?? '')
      return day !== null && isIn(criterion, Date.parse(`${day[0]} UTC`))
    }
    case 'size':
      return isIn(criterion, record.size)
    case 'modseq':
      return record.modSeq >= criterion.atLeast
    case 'email-id':
      return record.blobId === criterion.id
    case 'thread-id':
      return false
  }
}

const isIn = ({ from, before }: Interval, value: number) => from <= value && value < before

function holds(text: string, value: string): boolean {
  return foldCase(text).includes(foldCase(value))
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
