// Status items: RFC 9051 §6.3.11, RECENT of RFC 3501, HIGHESTMODSEQ RFC 7162, MAILBOXID RFC 8474, APPENDLIMIT RFC 7889, SIZE
// RFC 8438, DELETED and DELETED-STORAGE RFC 9208.

import type { Cursor } from './cursor.ts'

export const statusItems = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'SIZE',
  'RECENT',
  'HIGHESTMODSEQ',
  'MAILBOXID',
  'APPENDLIMIT',
  'DELETED-STORAGE',
] as const
export type StatusItem = (typeof statusItems)[number]

const byName: ReadonlyMap<string, StatusItem> = new Map(statusItems.map((name) => [name, name]))

// "(" status-att *(SP status-att) ")"; each item once, in the order asked for.
export function parseStatusItems(cursor: Cursor): readonly StatusItem[] {
  const items = cursor.list(
    () => byName.get(cursor.keyword()) ?? cursor.fail('unknown status item'),
  )
  return [...new Set(items)]
}
