// The object store of the port on one S3 bucket.

import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { checkByteRange, checkObjectKey, checkObjectPrefix, LIST_KEYS_MAX } from '../limits.ts'
import type { ByteRange, ObjectKey, ObjectStore, Page, StagedObject } from '../ports.ts'
import { calling } from './failures.ts'
import { type ObjectName, objectSize, readObject, streamObject } from './object-reading.ts'
import { type Put, putObject } from './object-writing.ts'
import type { UploadMemory } from './upload-memory.ts'

export type S3ObjectStoreOptions = {
  readonly s3: S3Client
  readonly bucket: string
  readonly clock: Clock
  readonly memory: UploadMemory
}

export class S3ObjectStore implements ObjectStore {
  readonly #options: S3ObjectStoreOptions

  constructor(options: S3ObjectStoreOptions) {
    this.#options = options
  }

  async put(
    key: ObjectKey,
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly ifAbsent?: boolean },
  ): Promise<Put> {
    checkObjectKey(key)
    const ifAbsent = options?.ifAbsent === true
    return putObject({ ...this.#options, key, ifAbsent }, source)
  }

  /** S3 cannot hold bytes back, so a staged object is a stored one. */
  async stage(key: ObjectKey, source: AsyncIterable<Uint8Array>): Promise<StagedObject> {
    const { bytes } = await this.put(key, source)
    return {
      bytes,
      stored: true,
      open: () => storedChunks({ ...this.#options, key }),
      commit: async () => {},
      discard: async () => {},
    }
  }

  async read(key: ObjectKey, range?: ByteRange): Promise<Uint8Array | undefined> {
    checkObjectKey(key)
    checkByteRange(range)
    return readObject({ ...this.#options, key }, range)
  }

  async stream(key: ObjectKey, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined> {
    checkObjectKey(key)
    checkByteRange(range)
    return streamObject({ ...this.#options, key }, range)
  }

  async size(key: ObjectKey): Promise<number | undefined> {
    checkObjectKey(key)
    return objectSize({ ...this.#options, key })
  }

  async delete(key: ObjectKey): Promise<void> {
    checkObjectKey(key)
    const { s3, bucket } = this.#options
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: key })
    await calling('DeleteObject', s3.send(command))
  }

  /** The token of the next page is the last key of this one: S3 goes on after any key, and a key never expires. */
  async list(
    prefix: string,
    after?: string,
  ): Promise<Page<{ readonly key: ObjectKey; readonly bytes: number }>> {
    checkObjectPrefix(prefix)
    const { s3, bucket } = this.#options
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: LIST_KEYS_MAX,
      ...(after !== undefined && { StartAfter: after }),
    })
    const answer = await calling('ListObjectsV2', s3.send(command))
    const items = (answer.Contents ?? []).map((object) => ({
      key: object.Key ?? '',
      bytes: object.Size ?? 0,
    }))
    const next = answer.IsTruncated === true ? items.at(-1)?.key : undefined
    return next === undefined ? { items } : { items, next }
  }
}

/** Asks when the first chunk is wanted. */
async function* storedChunks(name: ObjectName): AsyncGenerator<Uint8Array> {
  const stored = await streamObject(name)
  if (stored === undefined) throw new TemporaryFailure(`object ${name.key} was deleted meanwhile`)
  yield* stored
}
