// Small stores that older versions left (test/fixtures/stores; make-store.ts there makes one), as a data folder of one machine and as
// items and objects for the store of another driver.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Item, Store, TableName, Value } from '#shared/storage/ports.ts'

export type OlderStore = 'before-last-results'

/** When the clock stood that wrote them. */
export const OLDER_STORE_MS = Date.UTC(2026, 10, 20)

const pathOf = (name: OlderStore, file: string) =>
  fileURLToPath(new URL(`../fixtures/stores/${name}/${file}`, import.meta.url))

/** Lays the data folder out in an empty folder. */
export async function restoreOlderStore(name: OlderStore, directory: string): Promise<void> {
  await mkdir(join(directory, 'objects'), { recursive: true })
  await writeFile(
    join(directory, 'store.mdb'),
    gunzipSync(await readFile(pathOf(name, 'store.mdb.gz'))),
  )
  await writeFile(join(directory, 'store.json'), await readFile(pathOf(name, 'store.json')))
}

/** Puts all that is in it into a store that is empty. Doorbells are none: they may get lost at any time. */
export async function copyOlderStore(name: OlderStore, store: Store): Promise<void> {
  const { items, objects }: Contents = JSON.parse(
    await readFile(pathOf(name, 'items.json'), 'utf8'),
  )
  for (const [table, item] of items) await store.tables[table].write({ put: decode(item) })
  for (const [key, bytes] of objects) await store.objects.put(key, Buffer.from(bytes, 'latin1'))
}

type Contents = {
  readonly items: readonly (readonly [TableName, Encoded])[]
  readonly objects: readonly (readonly [string, string])[]
}
type Encoded = { readonly pk: string; readonly sk: string; readonly [name: string]: unknown }

function decode({ pk, sk, ...rest }: Encoded): Item {
  const decoded = Object.entries(rest).map(([name, value]) => [name, decodeValue(value)])
  return { pk, sk, ...Object.fromEntries(decoded) }
}

function decodeValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(decodeValue)
  if (typeof value !== 'object' || value === null) return value as Value
  if ('bytes' in value) return Buffer.from(String(value.bytes), 'base64')
  if ('set' in value && Array.isArray(value.set)) return new Set(value.set.map(String))
  throw new Error(`no value: ${JSON.stringify(value)}`)
}
