// Arguments of LIST and LSUB: RFC 9051 §6.3.9 and RFC 3501, LIST-EXTENDED RFC 5258, LIST-STATUS RFC 5819, SPECIAL-USE RFC 6154,
// LIST-MYRIGHTS RFC 8440, LIST-METADATA RFC 9590.

import type { Cursor } from './cursor.ts'
import { type MetadataOptions, parseEntries, parseMetadataOptions } from './metadata-arguments.ts'
import { parseStatusItems, type StatusItem } from './status-item.ts'

export type ListArguments = {
  /** Selection options, RETURN or more than one pattern were given: LIST "" "" is then no question for the delimiter. */
  readonly extended: boolean
  readonly select: ListSelection
  readonly reference: string
  readonly patterns: readonly string[]
  readonly returns: ListReturn
}

export type ListSelection = {
  readonly subscribed: boolean
  readonly remote: boolean
  readonly recursiveMatch: boolean
  readonly specialUse: boolean
}

export type ListReturn = {
  readonly subscribed: boolean
  readonly children: boolean
  readonly specialUse: boolean
  readonly myRights: boolean
  readonly metadata: {
    readonly options: MetadataOptions
    readonly entries: readonly string[]
  } | null
  readonly status: readonly StatusItem[] | null
}

export const LIST_PATTERNS_MAX = 100

const noSelection: ListSelection = {
  subscribed: false,
  remote: false,
  recursiveMatch: false,
  specialUse: false,
}
const noReturn: ListReturn = {
  subscribed: false,
  children: false,
  specialUse: false,
  myRights: false,
  metadata: null,
  status: null,
}

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts], from after "LIST" SP
export function parseListArguments(cursor: Cursor): ListArguments {
  const selects = cursor.sees('(')
  const select = selects ? parseSelection(cursor) : noSelection
  if (selects) cursor.space()
  // The reference is text before a pattern; it may end inside what would be a name.
  const reference = cursor.listReference()
  cursor.space()
  const many = cursor.sees('(')
  // patterns = "(" list-mailbox *(SP list-mailbox) ")"
  const patterns = many ? cursor.list(() => cursor.listMailbox()) : [cursor.listMailbox()]
  if (patterns.length > LIST_PATTERNS_MAX) cursor.fail('too many patterns')
  const returns = cursor.atEnd() || cursor.endsAfterSpaces() ? null : parseReturn(cursor)
  return {
    extended: selects || many || returns !== null,
    select,
    reference,
    patterns,
    returns: returns ?? noReturn,
  }
}

/** lsub = "LSUB" SP mailbox SP list-mailbox (RFC 3501 §6.3.9), from after "LSUB" SP */
export function parseLsubArguments(cursor: Cursor): {
  readonly reference: string
  readonly pattern: string
} {
  const reference = cursor.listReference()
  cursor.space()
  return { reference, pattern: cursor.listMailbox() }
}

// list-select-opts = "(" [*(list-select-opt SP) list-select-base-opt *(SP list-select-opt) / …] ")"
function parseSelection(cursor: Cursor): ListSelection {
  const given = new Set(cursor.list(() => cursor.keyword(), { emptyAllowed: true }))
  const known = ['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE']
  for (const name of given) if (!known.includes(name)) cursor.fail('unknown selection option')
  const subscribed = given.has('SUBSCRIBED')
  const specialUse = given.has('SPECIAL-USE')
  // RFC 9051 §6.3.9.1: RECURSIVEMATCH without another option than REMOTE means nothing.
  if (given.has('RECURSIVEMATCH') && !subscribed && !specialUse) {
    cursor.fail('RECURSIVEMATCH needs another selection option')
  }
  return {
    subscribed,
    remote: given.has('REMOTE'),
    recursiveMatch: given.has('RECURSIVEMATCH'),
    specialUse,
  }
}

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
function parseReturn(cursor: Cursor): ListReturn {
  cursor.space()
  if (cursor.keyword() !== 'RETURN') cursor.fail('RETURN was expected')
  cursor.space()
  const returns: { -readonly [name in keyof ListReturn]: ListReturn[name] } = { ...noReturn }
  cursor.list(
    () => {
      const name = cursor.keyword()
      switch (name) {
        case 'SUBSCRIBED':
          returns.subscribed = true
          return
        case 'CHILDREN':
          returns.children = true
          return
        case 'SPECIAL-USE':
          returns.specialUse = true
          return
        case 'MYRIGHTS':
          returns.myRights = true
          return
        case 'STATUS':
          cursor.space()
          returns.status = parseStatusItems(cursor)
          return
        case 'METADATA': {
          // "METADATA" SP [getmetadata-options SP] "(" entry *(SP entry) ")" (RFC 9590 §5)
          cursor.space()
          const options = parseMetadataOptions(cursor)
          returns.metadata = { options, entries: parseEntries(cursor) }
          return
        }
        default:
          cursor.fail('unknown return option')
      }
    },
    { emptyAllowed: true },
  )
  return returns
}
