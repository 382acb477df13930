// The kinds of values that are a list on the spot, or tables, or both: all that counts is whether something is in them.

import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Kind } from '../setting.ts'
import { ListFault, splitList } from './split-list.ts'
import { formatTableRef, parseTableRef, type TableRef } from './table-ref.ts'

/** What stands in the list itself is one table more, of keys without results. */
export type TableList = readonly TableRef[]

const LIST_ENTRIES_MAX = 10_000

function tableList(
  facts: Pick<Kind<TableList>, 'name' | 'allowed'>,
  isKey: (word: string) => boolean,
): Kind<TableList> {
  return {
    ...facts,
    allowed: `${facts.allowed}, separated by commas or spaces; table:NAME stands for those in an access table, whatever their results`,
    list: true,
    parse(text) {
      const words = text.split(/[\s,]+/).filter((word) => word !== '')
      if (words.length > LIST_ENTRIES_MAX) return undefined
      const tables: TableRef[] = []
      const keys: string[] = []
      for (const word of words) {
        const ref = word.startsWith('table:') ? parseTableRef(word) : undefined
        if (typeof ref === 'object') tables.push(ref)
        else if (isKey(word)) keys.push(word)
        else return undefined
      }
      const entries = keys.map((key) => ({ key, result: '' }))
      return entries.length === 0 ? tables : [{ kind: 'inline', entries }, ...tables]
    },
    format: (value) => value.flatMap(words).join(', '),
  }
}

function words(ref: TableRef): readonly string[] {
  if (ref.kind === 'table') return [`table:${ref.name}`]
  return ref.kind === 'inline' ? ref.entries.map(({ key }) => key) : []
}

/** Tables alone, asked one after the other. */
export const maps: Kind<TableList> = {
  name: 'maps',
  allowed:
    'table:NAME, inline:{ key=value, … } or static:value; several are separated by commas and asked one after the other',
  list: true,
  parse(text) {
    try {
      const refs = splitList(text).map(parseTableRef)
      return refs.every((ref) => typeof ref === 'object') ? refs : undefined
    } catch (error) {
      if (error instanceof ListFault) return undefined
      throw error
    }
  },
  format: (value) => value.map(formatTableRef).join(', '),
}

const isDomain = (text: string) => text.includes('.') && parseDomain(text) !== undefined

export const domainTables = tableList(
  { name: 'domains', allowed: 'domains such as example.net, .example.net for those below it' },
  (word) => isDomain(word.replace(/^\./, '')),
)

export const addressTables = tableList(
  { name: 'addresses', allowed: 'mail addresses, @example.net for any of a domain' },
  (word) => (word.startsWith('@') ? isDomain(word.slice(1)) : parseAddress(word) !== undefined),
)

/** Of SHA-256 alone: 32 pairs. */
export const fingerprintTables = tableList(
  { name: 'fingerprints', allowed: 'SHA-256 fingerprints such as AB:CD:… (32 pairs)' },
  (word) => /^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/i.test(word),
)
