// What lmdb knows of objects: a record by key (size, and the file's name when the bytes are in a file), the bytes of small
// objects, and the key by file name, which tells an orphan file from a used one.

import { Buffer } from 'node:buffer'
import type { Transaction } from 'lmdb'
import { asBuffer } from '#shared/runtime/bytes.ts'
import type { Bytes, Environment } from './environment.ts'

export type ObjectRecord = { readonly bytes: number; readonly file: string | undefined }

const SIZE_BYTES = 8
const AFTER_EVERY_KEY = '\u00ff'

export class ObjectRecords {
  readonly #records: Bytes
  readonly #contents: Bytes
  readonly #files: Bytes

  constructor(environment: Environment) {
    this.#records = environment.database(OBJECT_DATABASES.records)
    this.#contents = environment.database(OBJECT_DATABASES.contents)
    this.#files = environment.database(OBJECT_DATABASES.files)
  }

  get(key: string, transaction?: Transaction): ObjectRecord | undefined {
    const id = Buffer.from(key)
    const value = transaction ? this.#records.get(id, { transaction }) : this.#records.get(id)
    return value === undefined ? undefined : decodeObjectRecord(value)
  }

  *all(transaction: Transaction): Iterable<{ readonly key: string } & ObjectRecord> {
    for (const { key, value } of this.#records.getRange({ transaction })) {
      yield { key: asBuffer(key).toString('latin1'), ...decodeObjectRecord(value) }
    }
  }

  contentsLength(key: string, transaction: Transaction): number | undefined {
    return this.#contents.get(Buffer.from(key), { transaction })?.length
  }

  *contentKeys(transaction: Transaction): Iterable<string> {
    for (const key of this.#contents.getKeys({ transaction })) {
      yield asBuffer(key).toString('latin1')
    }
  }

  /** Which object a file is filed as. */
  fileKey(name: string, transaction: Transaction): string | undefined {
    const key = this.#files.get(Buffer.from(name), { transaction })
    return key && asBuffer(key).toString('latin1')
  }

  *filed(transaction: Transaction): Iterable<{ readonly file: string; readonly key: string }> {
    for (const { key, value } of this.#files.getRange({ transaction })) {
      yield { file: asBuffer(key).toString('latin1'), key: asBuffer(value).toString('latin1') }
    }
  }

  /** These mend what cannot happen; each inside a transaction. */
  setFileKey(name: string, key: string): void {
    this.#files.put(Buffer.from(name), Buffer.from(key))
  }

  forgetFile(name: string): void {
    this.#files.remove(Buffer.from(name))
  }

  forgetContents(key: string): void {
    this.#contents.remove(Buffer.from(key))
  }

  contents(key: string): Uint8Array | undefined {
    return this.#contents.get(Buffer.from(key))
  }

  ownsFile(name: string): boolean {
    return this.#files.doesExist(Buffer.from(name))
  }

  /** Inside a transaction: makes this the object under the key and returns the record it replaces. */
  set(
    key: string,
    record: ObjectRecord,
    contents: Uint8Array | undefined,
  ): ObjectRecord | undefined {
    const before = this.remove(key)
    const id = Buffer.from(key)
    this.#records.put(id, encode(record))
    if (contents !== undefined) this.#contents.put(id, contents)
    if (record.file !== undefined) this.#files.put(Buffer.from(record.file), id)
    return before
  }

  /** Inside a transaction. */
  remove(key: string): ObjectRecord | undefined {
    const before = this.get(key)
    if (before === undefined) return undefined
    const id = Buffer.from(key)
    this.#records.remove(id)
    if (before.file === undefined) this.#contents.remove(id)
    else this.#files.remove(Buffer.from(before.file))
    return before
  }

  /** Keys with the prefix behind `after`, in byte order. */
  *list(prefix: string, after: string): Iterable<{ readonly key: string; readonly bytes: number }> {
    const first = after > prefix ? after : prefix
    const start = Buffer.from(first === '' ? '\0' : first)
    const end = Buffer.concat([Buffer.from(prefix), Buffer.from(AFTER_EVERY_KEY, 'latin1')])
    for (const { key, value } of this.#records.getRange({ start, end })) {
      const name = asBuffer(key).toString('latin1')
      if (name !== after) yield { key: name, bytes: decodeObjectRecord(value).bytes }
    }
  }
}

export const OBJECT_DATABASES = {
  records: 'objects',
  contents: 'object-contents',
  files: 'object-files',
} as const

function encode(record: ObjectRecord): Buffer {
  const value = Buffer.alloc(SIZE_BYTES + (record.file?.length ?? 0))
  value.writeBigUInt64BE(BigInt(record.bytes))
  if (record.file !== undefined) value.write(record.file, SIZE_BYTES, 'latin1')
  return value
}

export function decodeObjectRecord(value: Uint8Array): ObjectRecord {
  const buffer = asBuffer(value)
  return {
    bytes: Number(buffer.readBigUInt64BE()),
    file: buffer.length > SIZE_BYTES ? buffer.toString('latin1', SIZE_BYTES) : undefined,
  }
}
