// An account as a version wrote it that did not know USAGE.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { accountPk, usageKey } from '#shared/mailbox/keys.ts'
import type { Item, Table } from '#shared/storage/ports.ts'

/** Attributes it did not know, by the beginning of the sort key. */
const newer: { readonly [prefix: string]: readonly string[] } = {
  'F#': ['countedBytes', 'countedMessages'],
  'X#': ['bytes'],
  'S#': ['counted'],
}

export async function asOlderVersion(table: Table, accountId: AccountId): Promise<void> {
  await table.batchWrite([{ delete: usageKey(accountId) }])
  let after: string | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    for (const item of page.items) await table.write({ put: older(item) })
    after = page.next
  } while (after !== undefined)
}

function older(item: Item): Item {
  const lacking = newer[item.sk.slice(0, 2)] ?? []
  const kept = Object.entries(item).filter(([name]) => !lacking.includes(name))
  return { pk: item.pk, sk: item.sk, ...Object.fromEntries(kept) }
}
