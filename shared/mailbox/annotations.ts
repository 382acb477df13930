// Annotations of folders and of the account as a whole (RFC 5464): small values under names like `/private/comment`.

import type { AccountId, FolderId } from '#shared/contracts/mailbox.ts'
import { type Item, type Signals, type Table, TRANSACT_ITEMS_MAX } from '#shared/storage/ports.ts'
import { accountPk, accountTopic, annotationSk } from './keys.ts'

/** Bytes of an entry's name, and of its value (METADATA MAXSIZE). */
export const ANNOTATION_NAME_BYTES_MAX = 200
export const ANNOTATION_BYTES_MAX = 64 * 1024
/** Entries of one folder, or of the account (METADATA TOOMANY), and of one SETMETADATA. */
export const ANNOTATIONS_PER_FOLDER_MAX = 100

export type Annotation = { readonly entry: string; readonly value: Uint8Array }

export type SetAnnotations =
  | { readonly kind: 'set' }
  | { readonly kind: 'bad-name' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-many' }

type Of = { readonly accountId: AccountId; readonly id: FolderId | null }

export function createAnnotations({
  table,
  signals,
}: {
  readonly table: Table
  readonly signals: Signals
}) {
  /** By name, in byte order. `id` null: those of the account as a whole. */
  async function get(of: Of): Promise<readonly Annotation[]> {
    return (await readAll(table, of)).map(({ sk, value }) => ({
      entry: sk.slice(annotationSk(of.id, '').length),
      value: value instanceof Uint8Array ? value : new Uint8Array(),
    }))
  }

  /** All of the entries or none; a null value removes an entry. Names are kept in lower case (RFC 5464 §3.1). */
  async function set(
    of: Of,
    entries: readonly { readonly entry: string; readonly value: Uint8Array | null }[],
  ): Promise<SetAnnotations> {
    const given = new Map(entries.map(({ entry, value }) => [entry.toLowerCase(), value]))
    for (const [entry, value] of given) {
      if (!isEntryName(entry)) return { kind: 'bad-name' }
      if (value !== null && value.length > ANNOTATION_BYTES_MAX) return { kind: 'too-large' }
    }
    const names = new Set((await get(of)).map(({ entry }) => entry))
    for (const [entry, value] of given) {
      if (value === null) names.delete(entry)
      else names.add(entry)
    }
    if (names.size > ANNOTATIONS_PER_FOLDER_MAX || given.size > TRANSACT_ITEMS_MAX) {
      return { kind: 'too-many' }
    }
    const pk = accountPk(of.accountId)
    await table.transact(
      [...given].map(([entry, value]) => {
        const key = { pk, sk: annotationSk(of.id, entry) }
        return value === null ? { delete: key } : { put: { ...key, value } }
      }),
    )
    signals.publish(accountTopic(of.accountId), 'metadata')
    return { kind: 'set' }
  }

  return { get, set }
}

export async function removeAnnotations(table: Table, of: Of): Promise<void> {
  const items = await readAll(table, of)
  await table.batchWrite(items.map(({ pk, sk }) => ({ delete: { pk, sk } })))
}

async function readAll(table: Table, { accountId, id }: Of): Promise<readonly Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { prefix: annotationSk(id, '') },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return items
}

/** RFC 5464 §3.2: begins with a slash, has no two in a row and none at the end, no `*`, `%` or controls; ASCII. */
function isEntryName(entry: string): boolean {
  return (
    Buffer.byteLength(entry) <= ANNOTATION_NAME_BYTES_MAX &&
    /^(\/[\x21-\x24\x26-\x29\x2b-\x2e\x30-\x7e]+)+$/.test(entry)
  )
}
