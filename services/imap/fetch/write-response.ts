// Writes the FETCH response of one message. RFC 9051 §7.5.2.

import type { EncodedIndex } from '#shared/imap/encoded-index.ts'
import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import type { Content, ReadContent } from './content.ts'
import { flagsText } from './flags-text.ts'
import type { Item, Plan } from './plan.ts'

export type Answer = {
  /** `n FETCH` or `uid UIDFETCH`. */
  readonly name: string
  readonly record: MessageRecord
  /** The command has set its \Seen flag. */
  readonly marked: boolean
  readonly index: EncodedIndex | undefined
  /** By the position of their items. */
  readonly contents: Contents
}

export type Contents = readonly (Content | undefined)[]

/**
 * From one item on. Returns the position of an item whose content has to be streamed now, with its literal announced, or has
 * to be read now, with its name written; when the response is complete the number of items.
 */
export function writeResponse(
  to: ResponseWriter,
  plan: Plan,
  answer: Answer,
  from: number,
): number {
  const { items } = plan
  if (from === 0) to.raw(beginning(plan, answer))
  for (let i = from; i < items.length; i++) {
    const item = items[i]
    if (item === undefined) continue
    if (i > 0) to.raw(' ')
    if (writeItem(to, item, answer, answer.contents[i]) === 'waits') return i
  }
  to.raw(')\r\n')
  return items.length
}

/** Flags that the command itself has changed are told in the same response (RFC 9051 §6.4.5, RFC 7162 §3.2). */
function beginning(plan: Plan, answer: Answer): string {
  const { tellsFlags, tellsModSeq, condstore, isRecent } = plan
  const { name, record, marked } = answer
  const flags = marked && !tellsFlags ? `${flagsText(record.flags, isRecent(record.uid))} ` : ''
  const modSeq = marked && condstore && !tellsModSeq ? `MODSEQ (${record.modSeq}) ` : ''
  return `* ${name} (${flags}${modSeq}`
}

/** A content that waits comes after all that was written so far has been sent. */
type Progress = 'written' | 'waits'

function writeItem(
  to: ResponseWriter,
  item: Item,
  { record, index }: Answer,
  content: Content | undefined,
): Progress {
  switch (item.kind) {
    case 'record':
      to.raw(item.text(record))
      return 'written'
    case 'index':
      to.raw(item.name)
      if (index !== undefined) item.write(index, to)
      return 'written'
    case 'content':
      to.raw(`${item.name} `)
      if (content === undefined) return 'written'
      return content.kind === 'deferred' ? 'waits' : writeContent(to, content)
  }
}

export function writeContent(to: ResponseWriter, content: ReadContent): Progress {
  switch (content.kind) {
    case 'nil':
      to.nil()
      return 'written'
    case 'number':
      to.number(content.value)
      return 'written'
    case 'raw':
      to.raw(content.text)
      return 'written'
    case 'string':
      to.string(content.text)
      return 'written'
    case 'pieces':
      to.literalHeader(content.bytes, content)
      for (const piece of content.pieces) to.verbatim(piece)
      return 'written'
    case 'stream':
      to.literalHeader(content.bytes, content)
      return 'waits'
  }
}
