// Records as others read them: lines of a zone file (RFC 1035 §5.1), and a change of Route 53.

import type { WantedRecord } from './wanted-records.ts'

export type RecordFacts = Pick<WantedRecord, 'name' | 'type' | 'value'>

const TTL_SECONDS = 3_600
/** RFC 1035 §3.3: of one string of a TXT record. */
const STRING_BYTES_MAX = 255

export function zoneLines(records: readonly RecordFacts[]): readonly string[] {
  return records.map(
    (record) => `${record.name}. ${TTL_SECONDS} IN ${record.type} ${recordData(record)}`,
  )
}

/** Of each name and type one set, with all its records. */
export function route53Changes(records: readonly RecordFacts[], comment: string) {
  const sets = new Map<string, RecordFacts[]>()
  for (const record of records) {
    const key = `${record.name} ${record.type}`
    sets.set(key, [...(sets.get(key) ?? []), record])
  }
  return {
    Comment: comment,
    Changes: [...sets.values()].flatMap((set) => {
      const [first] = set
      if (first === undefined) return []
      return {
        Action: 'UPSERT',
        ResourceRecordSet: {
          Name: `${first.name}.`,
          Type: first.type,
          TTL: TTL_SECONDS,
          ResourceRecords: set.map((record) => ({ Value: recordData(record) })),
        },
      }
    }),
  }
}

/** As a zone file and Route 53 have it. */
export function recordData({ type, value }: RecordFacts): string {
  switch (type) {
    case 'TXT':
      return quoted(value)
    case 'TLSA':
      return value
    case 'CNAME':
    case 'MX':
    case 'SRV':
      return value.endsWith('.') ? value : `${value}.`
  }
}

/** Strings of at most 255 bytes, which whoever reads them joins (RFC 6376 §3.6.2.2). */
function quoted(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  const strings: string[] = []
  for (let at = 0; at === 0 || at < bytes.length; at += STRING_BYTES_MAX) {
    const piece = bytes.subarray(at, at + STRING_BYTES_MAX).toString('latin1')
    strings.push(`"${piece.replace(/["\\]|[^\x20-\x7e]/g, escaped)}"`)
  }
  return strings.join(' ')
}

const escaped = (character: string) =>
  /["\\]/.test(character)
    ? `\\${character}`
    : `\\${character.charCodeAt(0).toString().padStart(3, '0')}`
