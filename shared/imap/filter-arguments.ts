// Arguments of FILTER (draft-bosch-imap-filter-sieve-00 §3.2, §7), from behind the name of the command and a space.

import type { ByteString } from '#shared/mail/message-index.ts'
import type { Cursor } from './cursor.ts'
import { parseSearchCriteria } from './search-arguments.ts'
import type { SearchKey } from './search-key.ts'

export type FilterSpec =
  | { readonly kind: 'delivery' }
  /** Names are UTF-8 (RFC 5804 §1.6). */
  | { readonly kind: 'personal' | 'global'; readonly name: string }
  | { readonly kind: 'script'; readonly text: Uint8Array }

export type FilterArguments = {
  readonly spec: FilterSpec
  readonly charset: string | null
  readonly key: SearchKey
}

// filter = "FILTER" SP filter-spec [SP "CHARSET" SP astring] 1*(SP search-key)
export function parseFilterArguments(cursor: Cursor): FilterArguments {
  const spec = parseFilterSpec(cursor)
  cursor.space()
  return { spec, ...parseSearchCriteria(cursor) }
}

// filter-spec = "SIEVE" SP ("DELIVERY" / "PERSONAL" SP sieve-name / "GLOBAL" SP sieve-name / "SCRIPT" SP sieve-literal)
function parseFilterSpec(cursor: Cursor): FilterSpec {
  if (cursor.keyword() !== 'SIEVE') cursor.fail('SIEVE was expected')
  cursor.space()
  const kind = cursor.keyword()
  switch (kind) {
    case 'DELIVERY':
      return { kind: 'delivery' }
    case 'PERSONAL':
    case 'GLOBAL': {
      cursor.space()
      const name = utf8(cursor.astring())
      return { kind: kind === 'GLOBAL' ? 'global' : 'personal', name }
    }
    case 'SCRIPT':
      cursor.space()
      return { kind: 'script', text: Buffer.from(cursor.string(), 'latin1') }
    default:
      return cursor.fail('DELIVERY, PERSONAL, GLOBAL or SCRIPT was expected')
  }
}

const utf8 = (bytes: ByteString) => Buffer.from(bytes, 'latin1').toString('utf8')
