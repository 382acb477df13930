// Resources of SETQUOTA: RFC 9208 §4.1.3 and §6. setquota-list = "(" [setquota-resource *(SP setquota-resource)] ")"

import type { Cursor } from './cursor.ts'

export type QuotaLimit = {
  /** In capitals: STORAGE (units of 1024 bytes), MESSAGE, MAILBOX, ANNOTATION-STORAGE, or one we do not know. */
  readonly resource: string
  readonly limit: number
}

// setquota-resource = resource-name SP resource-limit
export function parseQuotaLimits(cursor: Cursor): readonly QuotaLimit[] {
  return cursor.list(
    () => {
      const resource = cursor.keyword()
      cursor.space()
      return { resource, limit: cursor.number64() }
    },
    { emptyAllowed: true },
  )
}
