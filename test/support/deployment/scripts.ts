// A Sieve script of an account of a deployment, made active as its owner would; null: none is.

import { parseAccountId } from '#shared/directory/account-id.ts'
import { addressKey } from '#shared/directory/records.ts'
import { createScripts } from '#shared/directory/scripts.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { createScriptShelf } from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { must } from '../must.ts'
import type { Deployment } from './running-deployment.ts'
import { openStoresOf } from './stores.ts'

export async function activateScript(
  deployment: Deployment,
  address: string,
  text: string | null,
): Promise<void> {
  const stores = await openStoresOf(deployment, 'sweeper', systemClock)
  try {
    const table = must(stores.mailStore).tables.directory
    const item = await table.get(addressKey(must(parseAddress(address))), { consistent: true })
    const id = must(parseAccountId(String(item?.accountId)))
    const shelf = createScriptShelf({
      scripts: createScripts({ table, clock: systemClock }),
      vocabulary,
      limits: { scriptBytesMax: 100_000, scriptsMax: 0, storageBytesMax: 0 },
    })
    if (text === null) {
      await shelf.activate(id, null)
      return
    }
    const put = await shelf.put(id, 'filter', Buffer.from(text))
    const active = await shelf.activate(id, 'filter')
    if (put.kind !== 'put' || active.kind !== 'activated') throw new Error(JSON.stringify(put))
  } finally {
    await stores.close()
  }
}
