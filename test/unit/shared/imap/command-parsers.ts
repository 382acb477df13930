// A table of parsers like that of a session, for fuzzing, and APPEND as a session streams it.

import { parseRightsChange } from '#shared/imap/acl-arguments.ts'
import {
  type AppendData,
  appendContinues,
  type CatenateParts,
  parseAppendClose,
  parseAppendMessage,
  parseCatenateRest,
} from '#shared/imap/append-arguments.ts'
import type { CommandReader, ReaderEvent } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { parseCapabilities } from '#shared/imap/enable-arguments.ts'
import { parseFetchArguments } from '#shared/imap/fetch-att.ts'
import { parseIdParameters } from '#shared/imap/id-parameters.ts'
import { parseListArguments, parseLsubArguments } from '#shared/imap/list-arguments.ts'
import { parseCreateParameters, parseSelectParameters } from '#shared/imap/mailbox-parameters.ts'
import {
  parseGetMetadataArguments,
  parseSetMetadataArguments,
} from '#shared/imap/metadata-arguments.ts'
import { parseNotifyArguments } from '#shared/imap/notify-arguments.ts'
import { parseQuotaLimits } from '#shared/imap/quota-arguments.ts'
import {
  parseMultiSearchArguments,
  parseSearchArguments,
  parseSortArguments,
  parseThreadArguments,
} from '#shared/imap/search-arguments.ts'
import { parseStatusItems } from '#shared/imap/status-item.ts'
import { parseStoreArguments } from '#shared/imap/store-arguments.ts'
import { LiteralNeeded } from '#shared/imap/syntax-error.ts'

type Parser = (cursor: Cursor) => unknown

const nothing: Parser = () => null
/** A space before the arguments. */
const after =
  (parse: Parser): Parser =>
  (cursor) => {
    cursor.space()
    return parse(cursor)
  }
const both =
  (first: Parser, second: Parser): Parser =>
  (cursor) => [after(first)(cursor), second(cursor)]
const mailbox: Parser = (cursor) => cursor.mailbox()
const astring: Parser = (cursor) => cursor.astring()
const set: Parser = (cursor) => cursor.sequenceSet()

const parsers: readonly (readonly [names: string, parse: Parser])[] = [
  [
    'CAPABILITY NOOP LOGOUT STARTTLS NAMESPACE IDLE CLOSE UNSELECT CHECK EXPUNGE UNAUTHENTICATE',
    nothing,
  ],
  ['LOGIN', both(astring, after(astring))],
  [
    'AUTHENTICATE',
    both(
      (cursor) => cursor.atom(),
      (cursor) => (cursor.takes(' ') ? cursor.astring() : null),
    ),
  ],
  ['ENABLE', parseCapabilities],
  ['ID', after(parseIdParameters)],
  ['SELECT EXAMINE', both(mailbox, parseSelectParameters)],
  ['CREATE', both(mailbox, parseCreateParameters)],
  ['DELETE SUBSCRIBE UNSUBSCRIBE GETQUOTAROOT GETACL MYRIGHTS', after(mailbox)],
  ['RENAME', both(mailbox, after(mailbox))],
  ['LIST', after(parseListArguments)],
  ['LSUB', after(parseLsubArguments)],
  ['STATUS', both(mailbox, after(parseStatusItems))],
  ['UID_EXPUNGE', after(set)],
  ['COPY UID_COPY MOVE UID_MOVE', both(set, after(mailbox))],
  ['STORE UID_STORE', both(set, after(parseStoreArguments))],
  ['FETCH UID_FETCH', both(set, after(parseFetchArguments))],
  ['SEARCH UID_SEARCH', after(parseSearchArguments)],
  ['SORT UID_SORT', after(parseSortArguments)],
  ['THREAD UID_THREAD', after(parseThreadArguments)],
  ['ESEARCH', after(parseMultiSearchArguments)],
  ['GETQUOTA', after(astring)],
  ['SETQUOTA', both(astring, after(parseQuotaLimits))],
  ['SETACL', both(mailbox, after(both2(astring, parseRightsChange)))],
  ['DELETEACL LISTRIGHTS', both(mailbox, after(astring))],
  ['GETMETADATA', after(parseGetMetadataArguments)],
  ['SETMETADATA', after(parseSetMetadataArguments)],
  ['NOTIFY', after(parseNotifyArguments)],
  ['COMPRESS', after((cursor) => cursor.atom())],
  [
    'CANCELUPDATE',
    (cursor) => {
      const tags: string[] = []
      while (cursor.takes(' ')) tags.push(cursor.quoted())
      return tags
    },
  ],
]

function both2(first: Parser, second: Parser): Parser {
  return (cursor) => [first(cursor), after(second)(cursor)]
}

export const commandParsers: ReadonlyMap<string, Parser> = new Map(
  parsers.flatMap(([names, parse]) =>
    names.split(' ').map((name): [string, Parser] => [name.replace('_', ' '), parse]),
  ),
)

type Step =
  | { readonly kind: 'after-message'; readonly data: AppendData }
  | { readonly kind: 'after-text'; readonly parts: CatenateParts }

/** APPEND and REPLACE: reads the arguments, streams messages and texts, buffers every other literal. */
export class AppendParser {
  readonly #reader: CommandReader
  #step: Step | null = null
  #heard: string[] = []
  #done = false

  constructor(reader: CommandReader) {
    this.#reader = reader
  }

  /** Whether the event belongs to an APPEND, which is then read as far as it goes. */
  takes(event: Extract<ReaderEvent, { readonly kind: 'literal' | 'command' }>): boolean {
    this.#done = false
    const cursor = new Cursor(event.segments)
    if (this.#step === null && !this.#begins(event, cursor)) return false
    try {
      this.#read(cursor)
    } catch (error) {
      if (!(error instanceof LiteralNeeded) || event.kind !== 'literal' || !event.fits) throw error
      // Read again from the beginning of the piece when it is there.
      this.#reader.buffer()
    }
    return true
  }

  chunk(event: Extract<ReaderEvent, { readonly kind: 'chunk' }>): void {
    this.#heard.push(event.bytes.toString('latin1'))
    if (event.last) this.#heard = [`<${this.#heard.join('')}>`]
  }

  told(): string[] {
    if (!this.#done) return []
    return [`a000 APPEND ${this.#heard.join('')}`]
  }

  abandon(): void {
    this.#step = null
    this.#heard = []
    this.#reader.refuse()
  }

  #begins(event: { readonly kind: 'literal' | 'command' }, cursor: Cursor): boolean {
    try {
      cursor.tag()
      cursor.space()
      const name = cursor.keyword()
      if (name === 'UID') cursor.space()
      const command = name === 'UID' ? cursor.keyword() : name
      if (command !== 'APPEND' && command !== 'REPLACE') return false
      if (command === 'REPLACE') {
        cursor.space()
        cursor.numbers()
      }
      cursor.space()
      cursor.mailbox()
    } catch (error) {
      if (error instanceof LiteralNeeded && event.kind === 'literal') return false
      throw error
    }
    this.#heard = []
    return true
  }

  #read(cursor: Cursor): void {
    if (this.#step?.kind === 'after-text') {
      this.#catenate(parseCatenateRest(cursor, this.#step.parts), cursor)
      return
    }
    if (this.#step?.kind === 'after-message') {
      parseAppendClose(cursor, this.#step.data)
      if (!appendContinues(cursor)) {
        this.#finish()
        return
      }
    }
    const { data } = parseAppendMessage(cursor)
    if (data.kind === 'catenate') {
      this.#catenate(data.parts, cursor)
      return
    }
    this.#step = { kind: 'after-message', data }
    this.#reader.stream()
  }

  #catenate(parts: CatenateParts, cursor: Cursor): void {
    if (parts.text !== null) {
      this.#step = { kind: 'after-text', parts }
      this.#reader.stream()
      return
    }
    this.#step = { kind: 'after-message', data: { kind: 'catenate', parts } }
    if (appendContinues(cursor)) this.#read(cursor)
    else this.#finish()
  }

  #finish(): void {
    this.#step = null
    this.#done = true
  }
}
