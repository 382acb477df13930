// What a FETCH asks for, worked out once for all of its messages: how each item is written, and what has to be read for it.

import type { Uid } from '#shared/contracts/mailbox.ts'
import { formatDateTime } from '#shared/imap/date-time.ts'
import type { EncodedIndex } from '#shared/imap/encoded-index.ts'
import type { FetchAtt } from '#shared/imap/fetch-att.ts'
import type { MessageForm } from '#shared/imap/message-form.ts'
import type { ResponseWriter } from '#shared/imap/response-writer.ts'
import { formatSection, type Partial } from '#shared/imap/section.ts'
import type { PartPath, Section } from '#shared/mail/section.ts'
import type { MessageRecord } from '#shared/mailbox/records.ts'
import { FieldNames, type FieldSelection, selectFields } from '#shared/message/header-subset.ts'
import { emailId } from '#shared/message/object-ids.ts'
import { flagsText } from './flags-text.ts'

/** What is taken from a message's bytes. */
export type ContentRequest =
  | {
      readonly kind: 'section'
      readonly section: Section
      readonly partial: Partial | null
      readonly fields: FieldSelection | null
    }
  | { readonly kind: 'binary'; readonly part: PartPath; readonly partial: Partial | null }
  | { readonly kind: 'binary.size'; readonly part: PartPath }
  | { readonly kind: 'preview' }
  | { readonly kind: 'threadid' }

type ContentItem = {
  readonly kind: 'content'
  /** As it stands in the answer. */
  readonly name: string
  readonly request: ContentRequest
}

export type Item =
  | { readonly kind: 'record'; readonly text: (message: MessageRecord) => string }
  | {
      readonly kind: 'index'
      /** As it stands in the answer, with the space behind it. */
      readonly name: string
      readonly write: (index: EncodedIndex, to: ResponseWriter) => void
    }
  | ContentItem

export type Plan = {
  /** In the order in which they are answered. */
  readonly items: readonly Item[]
  /** Items that are taken out of a message's bytes. */
  readonly contents: number
  readonly needsBlobs: boolean
  /** PREVIEW (LAZY): only what takes little time is wanted. */
  readonly previewsLazily: boolean
  /** In a mailbox that can be changed. */
  readonly setsSeen: boolean
  readonly tellsFlags: boolean
  readonly tellsModSeq: boolean
  /** Mod-sequences are told with flags that changed (RFC 7162 §3.2). */
  readonly condstore: boolean
  readonly isRecent: Told['isRecent']
}

/** What is told otherwise to sessions of IMAP4rev1. */
type Told = {
  readonly messageForm: MessageForm
  readonly isRecent: (uid: Uid) => boolean
}

export function planFetch(
  atts: readonly FetchAtt[],
  given: {
    /** UID FETCH: told without being asked for. */
    readonly uid: boolean
    /** CHANGEDSINCE: the same. */
    readonly modSeq: boolean
    readonly condstore: boolean
    readonly readOnly: boolean
  } & Told,
): Plan {
  const items = new Map<string, Item>()
  const fieldNames = new FieldNames()
  if (given.uid) items.set('uid', uidItem)
  // What is asked for twice is answered once.
  for (const att of atts) {
    const item = itemOf(att, fieldNames, given)
    const key = item.kind === 'content' ? item.name : att.kind
    if (!items.has(key)) items.set(key, item)
  }
  if (given.modSeq && !items.has('modseq')) items.set('modseq', modSeqItem)
  const all = [...items.values()]
  return {
    items: all,
    contents: all.filter(({ kind }) => kind === 'content').length,
    needsBlobs: all.some(({ kind }) => kind !== 'record'),
    previewsLazily: atts.some((att) => att.kind === 'preview' && att.lazy),
    setsSeen: !given.readOnly && atts.some(setsSeen),
    tellsFlags: items.has('flags'),
    tellsModSeq: items.has('modseq'),
    condstore: given.condstore || items.has('modseq'),
    isRecent: given.isRecent,
  }
}

/** RFC 9051 §6.4.5: BODY[…] sets \Seen, BODY.PEEK[…] does not; RFC822 and RFC822.TEXT: RFC 3501 §6.4.5. */
function setsSeen(att: FetchAtt): boolean {
  switch (att.kind) {
    case 'body-section':
    case 'binary':
      return !att.peek
    case 'rfc822':
    case 'rfc822.text':
      return true
    default:
      return false
  }
}

const uidItem: Item = { kind: 'record', text: ({ uid }) => `UID ${uid}` }
/** RFC 7162 §3.1.5 */
const modSeqItem: Item = { kind: 'record', text: ({ modSeq }) => `MODSEQ (${modSeq})` }

function itemOf(
  att: FetchAtt,
  fieldNames: FieldNames,
  { messageForm: form, isRecent }: Told,
): Item {
  switch (att.kind) {
    case 'uid':
      return uidItem
    case 'flags':
      return { kind: 'record', text: ({ uid, flags }) => flagsText(flags, isRecent(uid)) }
    case 'modseq':
      return modSeqItem
    case 'internaldate':
      return { kind: 'record', text: (m) => `INTERNALDATE "${formatDateTime(m.internalDateMs)}"` }
    // RFC 8514 §4
    case 'savedate':
      return { kind: 'record', text: (m) => `SAVEDATE "${formatDateTime(m.saveDateMs)}"` }
    case 'rfc822.size':
      return { kind: 'record', text: ({ size }) => `RFC822.SIZE ${size}` }
    // RFC 8474 §5.1
    case 'emailid':
      return { kind: 'record', text: (message) => `EMAILID (${emailId(message)})` }
    // RFC 8474 §5.2
    case 'threadid':
      return { kind: 'content', name: 'THREADID', request: { kind: 'threadid' } }
    case 'envelope':
      return { kind: 'index', name: 'ENVELOPE ', write: (index, to) => index.writeEnvelope(to) }
    case 'body':
      return { kind: 'index', name: 'BODY ', write: (index, to) => index.writeBody(to, form) }
    case 'bodystructure':
      return {
        kind: 'index',
        name: 'BODYSTRUCTURE ',
        write: (index, to) => index.writeBodyStructure(to, form),
      }
    case 'rfc822':
      return section('RFC822', { kind: 'all', part: [] })
    case 'rfc822.header':
      return section('RFC822.HEADER', { kind: 'header', part: [] })
    case 'rfc822.text':
      return section('RFC822.TEXT', { kind: 'text', part: [] })
    case 'body-section':
      return {
        kind: 'content',
        name: `BODY${formatSection(att.section)}${origin(att.partial)}`,
        request: {
          kind: 'section',
          section: att.section,
          partial: att.partial,
          fields: fieldsOf(att.section, fieldNames),
        },
      }
    case 'binary':
      return {
        kind: 'content',
        name: `BINARY[${att.part.join('.')}]${origin(att.partial)}`,
        request: { kind: 'binary', part: att.part, partial: att.partial },
      }
    case 'binary.size':
      return {
        kind: 'content',
        name: `BINARY.SIZE[${att.part.join('.')}]`,
        request: { kind: 'binary.size', part: att.part },
      }
    case 'preview':
      return {
        kind: 'content',
        name: 'PREVIEW',
        request: { kind: 'preview' },
      }
  }
}

function section(name: string, named: Section): ContentItem {
  return {
    kind: 'content',
    name,
    request: { kind: 'section', section: named, partial: null, fields: null },
  }
}

function fieldsOf(section: Section, all: FieldNames): FieldSelection | null {
  return section.kind === 'header-fields' ? selectFields(section.names, section.not, all) : null
}

/** RFC 9051 §7.5.2: a partial answer names where it begins. */
function origin(partial: Partial | null): string {
  return partial === null ? '' : `<${partial.offset}>`
}
