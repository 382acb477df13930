// Access rights to folders (RFC 4314): who may do what, as stored. What the rights mean is decided by whoever asks.

import type { AccountId, FolderId, FolderRef } from '#shared/contracts/mailbox.ts'
import type { Item, Table } from '#shared/storage/ports.ts'
import { accessSk, accountPk } from './keys.ts'

/** Identifiers that one folder gives rights to. */
export const RIGHTS_PER_FOLDER_MAX = 100
/** Bytes of an identifier: an account's address, `anyone`, or one of them after `-`. */
export const IDENTIFIER_BYTES_MAX = 320

export type AccessEntry = { readonly identifier: string; readonly rights: string }

export type SetRights =
  | { readonly kind: 'set' }
  | { readonly kind: 'bad-identifier' }
  | { readonly kind: 'too-many' }

export function createAccess({ table }: { readonly table: Table }) {
  async function get(folder: FolderRef): Promise<readonly AccessEntry[]> {
    return (await readAll(table, folder)).map(({ sk, rights }) => ({
      identifier: sk.slice(accessSk(folder.id, '').length),
      rights: String(rights),
    }))
  }

  /** Rights as sorted letters; empty ones remove the entry. */
  async function set(folder: FolderRef, identifier: string, rights: string): Promise<SetRights> {
    const bytes = Buffer.byteLength(identifier)
    if (bytes === 0 || bytes > IDENTIFIER_BYTES_MAX || identifier.includes('\0')) {
      return { kind: 'bad-identifier' }
    }
    const key = { pk: accountPk(folder.accountId), sk: accessSk(folder.id, identifier) }
    if (rights === '') {
      await table.write({ delete: key })
      return { kind: 'set' }
    }
    const entries = await get(folder)
    const known = entries.some((entry) => entry.identifier === identifier)
    if (!known && entries.length >= RIGHTS_PER_FOLDER_MAX) return { kind: 'too-many' }
    await table.write({ put: { ...key, rights: [...new Set(rights)].sort().join('') } })
    return { kind: 'set' }
  }

  return { get, set }
}

export async function removeRights(table: Table, folder: FolderRef): Promise<void> {
  const items = await readAll(table, folder)
  await table.batchWrite(items.map(({ pk, sk }) => ({ delete: { pk, sk } })))
}

async function readAll(
  table: Table,
  { accountId, id }: { readonly accountId: AccountId; readonly id: FolderId },
): Promise<readonly Item[]> {
  const page = await table.query({
    pk: accountPk(accountId),
    sk: { prefix: accessSk(id, '') },
    consistent: true,
    limit: RIGHTS_PER_FOLDER_MAX * 2,
  })
  return page.items
}
