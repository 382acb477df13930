// All records of a name and type, as zone files and Route 53 have them, and what is to be changed of them.

import type { WantedRecord } from '../../dns/wanted-records.ts'
import { recordData } from '../../dns/zone-text.ts'

export type RecordType = WantedRecord['type']

export type RecordSet = {
  /** Without the dot at its end. */
  readonly name: string
  readonly type: RecordType
  /** Null: not known. */
  readonly ttlSeconds: number | null
  /** As a zone file has them: names with their dot, texts in quotes. Empty: there is none. */
  readonly data: readonly string[]
}

/** `is`: whether what is published will do, records as a zone file has them but for dots and quotes. */
export type RecordChange = {
  readonly to: RecordSet
  readonly is: (published: readonly string[]) => boolean
  /** The time that others keep it has to be so as well. */
  readonly ttl?: { readonly atMost: number } | { readonly atLeast: number }
  /** Nothing fails without it. */
  readonly isOptional?: boolean
}

export const setOf = (
  { name, type }: { readonly name: string; readonly type: RecordType },
  values: readonly string[],
  ttlSeconds: number | null,
): RecordSet => ({
  name,
  type,
  ttlSeconds,
  data: values.map((value) => recordData({ name, type, value })),
})

/** Without dots at the end of names and quotes around texts. */
export function valuesOf({ type, data }: Pick<RecordSet, 'type' | 'data'>): readonly string[] {
  return data.map((text) => (type === 'TXT' ? unquoted(text) : text.replace(/\.$/, '')))
}

/** RFC 1035 §5.1: strings in quotes, which whoever reads them joins; a backslash stands before a character or the three digits of one. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text
  let joined = ''
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') isInside = !isInside
    else if (!isInside) continue
    else if (character !== '\\') joined += character
    else if (/^\d{3}$/.test(text.slice(at + 1, at + 4))) {
      joined += String.fromCharCode(Number(text.slice(at + 1, at + 4)))
      at += 3
    } else joined += text.charAt(++at)
  }
  return joined
}

/** In any order, names in any case. */
export function isSameValues(
  type: RecordType,
  some: readonly string[],
  others: readonly string[],
): boolean {
  const key = (value: string) => (type === 'TXT' ? value : value.toLowerCase().replace(/\.$/, ''))
  const keys = new Set(others.map(key))
  return some.length === others.length && some.every((value) => keys.has(key(value)))
}

/** As Route 53 takes it: what is there goes with its own values and time, which `before` has. */
export function route53Batch(
  changes: readonly { readonly before: RecordSet; readonly to: RecordSet }[],
  comment: string,
) {
  return {
    Comment: comment,
    Changes: changes.flatMap(({ before, to }) => {
      const { name, type, data } = to.data.length > 0 ? to : before
      if (data.length === 0) return []
      const ttl = (to.data.length > 0 ? to : before).ttlSeconds ?? TTL_SECONDS
      return {
        Action: to.data.length > 0 ? ('UPSERT' as const) : ('DELETE' as const),
        ResourceRecordSet: {
          Name: `${name}.`,
          Type: type,
          TTL: ttl,
          ResourceRecords: data.map((Value) => ({ Value })),
        },
      }
    }),
  }
}
export type Route53Batch = ReturnType<typeof route53Batch>

/** What is usual for records that stay. */
export const TTL_SECONDS = 3_600
