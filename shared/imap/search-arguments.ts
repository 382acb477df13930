// Arguments of SEARCH, SORT, THREAD and ESEARCH around the keys: RETURN options of RFC 9051 §6.4.4 (ESEARCH RFC 4731, SEARCHRES
// RFC 5182, CONTEXT and PARTIAL RFC 5267 and 9394), CHARSET, sort criteria (RFC 5256, RFC 5957), thread algorithm, and the
// mailboxes of MULTISEARCH (RFC 7377). Each begins after the command's name and a space.

import type { Comparator, ComparedBy } from '#shared/mail/comparator.ts'
import type { Cursor } from './cursor.ts'
import { parseFetchAtts } from './fetch-att.ts'
import { type MailboxFilter, parseMailboxFilter } from './mailbox-filter.ts'
import { type PartialRange, parsePartialRange } from './partial-range.ts'
import { parseSearchKeys, type SearchKey } from './search-key.ts'

export type SearchReturn = {
  readonly min: boolean
  readonly max: boolean
  readonly all: boolean
  readonly count: boolean
  readonly save: boolean
  readonly context: boolean
  readonly update: boolean
  /** UPDATE came with FETCH items to send of new messages (RFC 5465 §7). */
  readonly updateWithFetch: boolean
  readonly partial: PartialRange | null
}

export type SearchArguments = {
  /** Null without RETURN, and then the answer is an untagged SEARCH (IMAP4rev1). */
  readonly returns: SearchReturn | null
  /** In capitals, null when not given. */
  readonly charset: string | null
  readonly key: SearchKey
}

export type SortArguments = SearchArguments & { readonly criteria: readonly Comparator[] }
export type ThreadArguments = {
  readonly algorithm: 'orderedsubject' | 'references'
  readonly charset: string
  readonly key: SearchKey
}
export type MultiSearchArguments = SearchArguments & {
  /** Null without IN: the selected mailbox. */
  readonly sources: readonly MailboxFilter[] | null
}

export const SORT_CRITERIA_MAX = 20

const sortKeys: ReadonlyMap<string, ComparedBy> = new Map([
  ['ARRIVAL', 'arrival'],
  ['CC', 'cc'],
  ['DATE', 'date'],
  ['FROM', 'from'],
  ['SIZE', 'size'],
  ['SUBJECT', 'subject'],
  ['TO', 'to'],
  ['DISPLAYFROM', 'displayfrom'],
  ['DISPLAYTO', 'displayto'],
])

// search = "SEARCH" [search-return-opts] SP search-program, here from after "SEARCH"
// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
export function parseSearchArguments(cursor: Cursor): SearchArguments {
  const returns = parseReturn(cursor)
  return { returns, ...parseSearchCriteria(cursor) }
}

// search-program
export function parseSearchCriteria(cursor: Cursor): Pick<SearchArguments, 'charset' | 'key'> {
  const charset = cursor.takesKeyword('CHARSET') ? parseCharset(cursor) : null
  return { charset, key: parseSearchKeys(cursor) }
}

// sort = "SORT" [search-return-opts] SP sort-criteria SP charset 1*(SP search-key) (RFC 5256 §5, RFC 5267 §5)
export function parseSortArguments(cursor: Cursor): SortArguments {
  const returns = parseReturn(cursor)
  const criteria = cursor.list(() => parseCriterion(cursor))
  if (criteria.length > SORT_CRITERIA_MAX) cursor.fail('too many sort criteria')
  const charset = parseCharset(cursor)
  return { returns, criteria, charset, key: parseSearchKeys(cursor) }
}

// thread = "THREAD" SP thread-alg SP charset 1*(SP search-key) (RFC 5256 §5)
export function parseThreadArguments(cursor: Cursor): ThreadArguments {
  const algorithm = cursor.keyword().toLowerCase()
  if (algorithm !== 'orderedsubject' && algorithm !== 'references') {
    return cursor.fail('unknown thread algorithm')
  }
  const charset = parseCharset(cursor)
  return { algorithm, charset, key: parseSearchKeys(cursor) }
}

// esearch = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program (RFC 7377 §4)
// esearch-source-opts = "IN" SP "(" source-mbox [SP scope-options] ")", source-mbox = filter-mailboxes *(SP filter-mailboxes)
export function parseMultiSearchArguments(cursor: Cursor): MultiSearchArguments {
  let sources: readonly MailboxFilter[] | null = null
  if (cursor.takesKeyword('IN')) {
    cursor.space()
    sources = cursor.list(() => parseMailboxFilter(cursor))
    // RFC 7377 §2.2: selected-delayed would mean nothing in a search.
    if (sources.some((source) => source.kind === 'selected-delayed')) {
      cursor.fail('SELECTED-DELAYED cannot be searched')
    }
    cursor.space()
  }
  const returns = parseReturn(cursor)
  const charset = cursor.takesKeyword('CHARSET') ? parseCharset(cursor) : null
  return { sources, returns, charset, key: parseSearchKeys(cursor) }
}

// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"; the space before is taken,
// and so is the one after.
function parseReturn(cursor: Cursor): SearchReturn | null {
  if (!cursor.takesKeyword('RETURN')) return null
  cursor.space()
  const given = new Set<string>()
  let partial: PartialRange | null = null
  let updateWithFetch = false
  cursor.list(
    () => {
      const name = cursor.keyword()
      if (!returnOptions.has(name)) cursor.fail('unknown return option')
      if (given.has(name)) cursor.fail(`${name} given twice`)
      given.add(name)
      if (name === 'UPDATE' && cursor.takesSpaceBefore('(')) {
        parseFetchAtts(cursor)
        updateWithFetch = true
      }
      if (name !== 'PARTIAL') return
      cursor.space()
      partial = parsePartialRange(cursor)
    },
    { emptyAllowed: true },
  )
  cursor.space()
  // RFC 9394 §3.1
  if (given.has('PARTIAL') && given.has('ALL')) cursor.fail('PARTIAL cannot be combined with ALL')
  return {
    min: given.has('MIN'),
    max: given.has('MAX'),
    // RFC 4731 §3.1: no option at all is the same as ALL.
    all: given.has('ALL') || given.size === 0,
    count: given.has('COUNT'),
    save: given.has('SAVE'),
    context: given.has('CONTEXT'),
    update: given.has('UPDATE'),
    updateWithFetch,
    partial,
  }
}

const returnOptions = new Set([
  'MIN',
  'MAX',
  'ALL',
  'COUNT',
  'SAVE',
  'CONTEXT',
  'UPDATE',
  'PARTIAL',
])

// sort-criteria = "(" sort-criterion *(SP sort-criterion) ")", sort-criterion = ["REVERSE" SP] sort-key
function parseCriterion(cursor: Cursor): Comparator {
  const reverse = cursor.takesKeyword('REVERSE')
  if (reverse) cursor.space()
  const key = sortKeys.get(cursor.keyword())
  if (key === undefined) cursor.fail('unknown sort key')
  return { key, reverse }
}

/** SP charset SP, where charset = atom / quoted (RFC 5256 §5 and RFC 9051 §9) */
function parseCharset(cursor: Cursor): string {
  cursor.space()
  const charset = cursor.astring().toUpperCase()
  cursor.space()
  return charset
}
