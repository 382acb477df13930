// The server that is attacked, its accounts and what stands in them before.

import { createBackend } from '#services/assembly/backend.ts'
import { storedPassword } from '#shared/auth/passwords.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { BOMB_TARGETS, bombAlias, FOLDERS, manyFolders } from './attacks.ts'
import { STEP } from './growth.ts'

export const PASSWORD = 'hostile'
export const victim = 'victim@example.test'
/** One for each size, whose mailbox is empty before. */
export const attackers = ['small@example.test', 'large@example.test'] as const

/** Fills an empty data folder; the server is started after that. */
export async function makeWorld(directory: string): Promise<void> {
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind !== 'ok') throw new Error('settings')
  await using store = await openEmbeddedStore({ directory })
  const backend = createBackend({
    store,
    settings: loaded.settings,
    clock: systemClock,
    log: silentLog,
  })
  await backend.directory.domains.add(addressOf(victim).domain)
  const stored = await storedPassword(Buffer.from(PASSWORD))
  const add = async (address: string) => {
    const added = await backend.directory.accounts.add({ address: addressOf(address), ...stored })
    if (added.kind !== 'ok') throw new Error(`${address}: ${added.kind}`)
    await backend.mailbox.folders.list(added.account.id)
    return added.account.id
  }
  for (const address of [victim, ...attackers]) await add(address)
  for (const size of [FOLDERS, STEP * FOLDERS]) {
    const id = await add(`${manyFolders(size)}@example.test`)
    for (let n = 0; n < size; n++) await backend.mailbox.folders.create(id, `folder ${n}`)
  }
  const targets = Array.from({ length: BOMB_TARGETS }, (_, n) =>
    addressOf(`victim+${n}@example.test`),
  )
  const added = await backend.directory.aliases.add(addressOf(`${bombAlias}@example.test`), targets)
  if (added.kind !== 'ok') throw new Error(`alias: ${added.kind}`)
}

function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(text)
  return address
}
