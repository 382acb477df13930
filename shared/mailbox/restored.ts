// What becomes of items of the `mail` table when an older state of it takes the place of the present one.

import type { Item } from '#shared/storage/ports.ts'
import { number } from './records.ts'

/**
 * Clients have seen uids that the older state does not know and will give to other messages. So every folder gets a UIDVALIDITY
 * above any it had, and another identity, which makes them forget (RFC 9051 §2.3.1.1, RFC 8474 §4). Undefined for items that
 * concern running tasks only.
 */
export function restoredItem(
  item: Item,
  parts: { readonly nowMs: number; readonly newId: () => string },
): Item | undefined {
  if (/^[WT]#/.test(item.pk)) return undefined
  if (!item.pk.startsWith('A#') || !item.sk.startsWith('F#')) return item
  const uidValidity = Math.max(number(item, 'uidValidity') + 1, Math.floor(parts.nowMs / 1_000))
  return { ...item, uidValidity, mailboxId: parts.newId() }
}
