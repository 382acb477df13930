// What does not fit in the store below its ports: index and expiry entries against items, object records against their bytes and files,
// bells against the order in which they ring. Found on one moment's state; each can be looked at again, and mended where nothing is
// lost by it. For `postwolke check`.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Transaction } from 'lmdb'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { TableName } from '../ports.ts'
import { objectPath } from './backup-manifest.ts'
import type { Bytes, Environment } from './environment.ts'
import { keyOfBytes } from './keys.ts'
import type { EmbeddedObjectStore } from './objects.ts'
import { messageKeyOf, visibleKeyOf } from './queue-records.ts'
import type { EmbeddedTable } from './table.ts'
import { itemKeyOfExpiry } from './table-files.ts'
import { decodeItem } from './values.ts'

export type StoreFault = {
  readonly kind:
    | 'index-entry-missing'
    | 'index-entry-stray'
    | 'item-unreadable'
    | 'object-bytes-missing'
    | 'object-bytes-length'
    | 'object-bytes-stray'
    | 'object-file-stray'
    | 'bell-order'
  /** Of what. */
  readonly of: string
  readonly found: string
  /** Where it can be mended without loss. */
  readonly mend?: () => Promise<unknown>
}

type Parts = {
  readonly environment: Environment
  readonly tables: { readonly [name in TableName]: EmbeddedTable }
  readonly objects: EmbeddedObjectStore
  readonly folder: string
  readonly bells: { readonly messages: Bytes; readonly visible: Bytes }
}

export async function* findFaults(parts: Parts): AsyncGenerator<StoreFault> {
  for (const name of Object.keys(parts.tables) as TableName[]) yield* tableFaults(parts, name)
  yield* objectFaults(parts)
  yield* bellFaults(parts)
}

async function* tableFaults(
  { environment, tables }: Parts,
  name: TableName,
): AsyncGenerator<StoreFault> {
  const { files } = tables[name]
  const transaction = environment.snapshot()
  try {
    for (const { key, value } of files.items.getRange({ transaction })) {
      const wait = turns.step()
      if (wait) await wait
      const { pk, sk } = keyOfBytes(key)
      const of = `${name} ${pk} ${sk}`
      const item = attempt(() => decodeItem(pk, sk, value))
      if (item === undefined) {
        yield { kind: 'item-unreadable', of, found: `${value.length} bytes that are no item` }
        continue
      }
      for (const beside of files.entriesOf(key, item)) {
        if (has(beside.database, beside.key, transaction)) continue
        const mend = () =>
          environment.commit(() => void beside.database.put(beside.key, beside.value))
        yield { kind: 'index-entry-missing', of, found: 'an index or its expiry lacks it', mend }
      }
    }
    for (const database of [...files.indexes.values()].map(({ entries }) => entries)) {
      for (const { key, value } of database.getRange({ transaction })) {
        const fault = strayEntry(database, asBuffer(key), asBuffer(value))
        if (fault) yield fault
      }
    }
    for (const key of files.expiries.getKeys({ transaction })) {
      const fault = strayEntry(files.expiries, asBuffer(key), itemKeyOfExpiry(key))
      if (fault) yield fault
    }
  } finally {
    transaction.done()
  }

  function strayEntry(database: Bytes, key: Buffer, itemKey: Buffer): StoreFault | undefined {
    const { pk, sk } = keyOfBytes(itemKey)
    const value = files.items.get(itemKey, { transaction })
    const item = value && attempt(() => decodeItem(pk, sk, value))
    const isMeant =
      item &&
      files.entriesOf(itemKey, item).some((one) => one.database === database && one.key.equals(key))
    if (isMeant) return undefined
    const mend = () => environment.commit(() => void database.remove(key))
    const found = 'an index or expiry names it as it is not'
    return { kind: 'index-entry-stray', of: `${name} ${pk} ${sk}`, found, mend }
  }
}

async function* objectFaults({ environment, objects, folder }: Parts): AsyncGenerator<StoreFault> {
  const { records } = objects
  const transaction = environment.snapshot()
  try {
    for (const { key, bytes, file } of records.all(transaction)) {
      const wait = turns.step()
      if (wait) await wait
      const length =
        file === undefined
          ? records.contentsLength(key, transaction)
          : (await stat(join(folder, objectPath(file))).catch(() => undefined))?.size
      if (length === bytes && (file === undefined || records.fileKey(file, transaction) === key)) {
        continue
      }
      // It may have gone meanwhile, and its file with it.
      environment.refresh()
      const now = records.get(key)
      if (now?.file !== file || now?.bytes !== bytes) continue
      if (length === undefined && !(file === undefined && bytes === 0)) {
        const found = file === undefined ? 'its bytes are gone' : `there is no file ${file}`
        yield { kind: 'object-bytes-missing', of: key, found }
      } else if (length !== undefined && length !== bytes) {
        yield { kind: 'object-bytes-length', of: key, found: `has ${length} of ${bytes} bytes` }
      } else if (file !== undefined && records.fileKey(file, transaction) !== key) {
        const mend = () => environment.commit(() => records.setFileKey(file, key))
        // The sweep would take it for nobody's.
        yield {
          kind: 'object-file-stray',
          of: key,
          found: `file ${file} is not filed as its`,
          mend,
        }
      }
    }
    for (const { key, file } of records.filed(transaction)) {
      if (records.get(key, transaction)?.file === file) continue
      const mend = () => environment.commit(() => records.forgetFile(file))
      yield { kind: 'object-file-stray', of: key, found: `file ${file} is filed as its`, mend }
    }
    for (const key of records.contentKeys(transaction)) {
      const record = records.get(key, transaction)
      if (record !== undefined && record.file === undefined) continue
      const mend = () => environment.commit(() => records.forgetContents(key))
      yield { kind: 'object-bytes-stray', of: key, found: 'bytes of no object', mend }
    }
  } finally {
    transaction.done()
  }
}

async function* bellFaults({ environment, bells }: Parts): AsyncGenerator<StoreFault> {
  const { messages, visible } = bells
  const transaction = environment.snapshot()
  try {
    for (const { key, value } of messages.getRange({ transaction })) {
      const at = visibleKeyOf(asBuffer(key), asBuffer(value))
      if (has(visible, at, transaction)) continue
      const mend = () => environment.commit(() => void visible.put(at, new Uint8Array(0)))
      yield { kind: 'bell-order', of: nameOf(key), found: 'will never ring', mend }
    }
    for (const key of visible.getKeys({ transaction })) {
      const at = Buffer.from(key)
      const id = messageKeyOf(at)
      const value = messages.get(id, { transaction })
      if (value !== undefined && visibleKeyOf(id, asBuffer(value)).equals(at)) continue
      const mend = () => environment.commit(() => void visible.remove(at))
      yield { kind: 'bell-order', of: nameOf(key), found: 'rings for nothing', mend }
    }
  } finally {
    transaction.done()
  }
}

const has = (database: Bytes, key: Uint8Array, transaction: Transaction) =>
  database.get(key, { transaction }) !== undefined

/** Of keys that begin with the name of a queue. */
function nameOf(key: Uint8Array): string {
  const buffer = asBuffer(key)
  return `queue ${buffer.toString('latin1', 0, buffer.indexOf(0))}`
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
