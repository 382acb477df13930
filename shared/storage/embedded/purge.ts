// Removes expired items. The expiry entries name them in order of time; each is confirmed at the item, since only the
// item's own ttl counts.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Environment } from './environment.ts'
import { keyOfBytes } from './keys.ts'
import type { EmbeddedTable } from './table.ts'
import { expiryBound, itemKeyOfExpiry, type TableFiles } from './table-files.ts'

/** Items removed in one transaction. */
const PURGE_BATCH_ITEMS = 200

/** Removes up to `limit` expired items; returns how many. */
export async function purgeExpired(
  environment: Environment,
  tables: readonly EmbeddedTable[],
  clock: Clock,
  limit: number,
): Promise<number> {
  environment.assertOpen()
  let removed = 0
  for (const { files } of tables) {
    for (;;) {
      const batch = Math.min(limit - removed, PURGE_BATCH_ITEMS)
      if (batch <= 0) return removed
      if (!hasExpired(environment, files, clock)) break
      removed += await environment.commit(() => purgeTable(files, clock.now(), batch))
    }
  }
  return removed
}

/** Looked up first, because an empty transaction still waits for the disk. */
function hasExpired(environment: Environment, files: TableFiles, clock: Clock): boolean {
  environment.refresh()
  for (const _key of files.expiries.getKeys({ end: expiryBound(clock.now()), limit: 1 }))
    return true
  return false
}

function purgeTable(files: TableFiles, nowMs: number, limit: number): number {
  const expired = [...files.expiries.getKeys({ end: expiryBound(nowMs), limit })]
  for (const expiry of expired) {
    const bytes = itemKeyOfExpiry(expiry)
    const key = keyOfBytes(bytes)
    const item = files.read(key, bytes)
    if (typeof item?.ttl === 'number' && item.ttl * 1000 < nowMs) {
      files.replace(bytes, item, undefined)
    } else {
      files.expiries.remove(expiry)
    }
  }
  return expired.length
}
