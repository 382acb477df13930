// Writing objects to S3: one request while the bytes fit into a part, else a multipart upload of our own, because the
// SDK cannot send a stream whose length it does not know.
//
// Checksums are ours and not left to the SDK's defaults: S3 ends an upload only when its beginning named the algorithm and its
// end names the checksum of every part (Amazon S3 User Guide, "Checking object integrity", multipart uploads).

import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { backoffMs } from './chunks.ts'
import { calling, httpStatus, storageFailure, wasRetried } from './failures.ts'
import type { ObjectName } from './object-reading.ts'
import { PART_BYTES, type UploadMemory } from './upload-memory.ts'

export type PutTarget = ObjectName & {
  readonly memory: UploadMemory
  readonly clock: Clock
  readonly ifAbsent: boolean
  /** Told beside the object, by names that S3 writes behind `x-amz-meta-`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Of a part of an upload; there are no more than PARTS_MAX. */
  readonly partBytes?: number | undefined
}
/** Of one upload, by S3. */
export const PARTS_MAX = 10_000
export type Put = { readonly stored: boolean; readonly bytes: number }

/** Attempts of a conditional put that meets another put of the same key at the same time. */
const CONFLICT_ATTEMPTS_MAX = 5
const PAUSE_MS = 50
const PAUSE_MAX_MS = 500

type Source = Uint8Array | AsyncIterable<Uint8Array>

/** Errors of the source are passed on as they are, and what was uploaded until then is given up. */
export async function putObject(target: PutTarget, source: Source): Promise<Put> {
  // What the caller holds anyway needs no memory of ours.
  if (!(source instanceof Uint8Array)) return putStream(target, source)
  if (source.byteLength <= PART_BYTES) return putWhole(target, source)
  return putParts(target, async (upload) => {
    for (let start = 0; start < source.byteLength; start += PART_BYTES) {
      await upload.send(source.subarray(start, start + PART_BYTES))
    }
  })
}

async function putStream(target: PutTarget, source: AsyncIterable<Uint8Array>): Promise<Put> {
  const chunks = source[Symbol.asyncIterator]()
  try {
    using buffer = target.memory.buffer(target.partBytes)
    const fill = async (rest: Uint8Array): Promise<Uint8Array> => {
      for (let left = await buffer.append(rest); ; ) {
        if (left.byteLength > 0) return left
        const { done, value } = await chunks.next()
        if (done === true) return left
        left = await buffer.append(value)
      }
    }
    const rest = await fill(new Uint8Array(0))
    if (rest.byteLength === 0) return await buffer.send((bytes) => putWhole(target, bytes))
    return await putParts(target, async (upload) => {
      for (let left = rest; !buffer.isEmpty; left = await fill(left)) {
        await buffer.send((part) => upload.send(part))
      }
    })
  } finally {
    await chunks.return?.()
  }
}

async function putWhole(target: PutTarget, bytes: Uint8Array): Promise<Put> {
  for (let attempt = 0; ; attempt++) {
    try {
      const name = { Bucket: target.bucket, Key: target.key }
      await target.s3.send(
        new PutObjectCommand({
          ...name,
          ...ifAbsentField(target),
          ...metadataField(target),
          Body: bytes,
          ChecksumCRC32: checksumOf(bytes),
        }),
      )
      return { stored: true, bytes: bytes.byteLength }
    } catch (error) {
      if (httpStatus(error) === 412) return refuse(error, bytes.byteLength)
      if (httpStatus(error) !== 409 || attempt + 1 === CONFLICT_ATTEMPTS_MAX) {
        throw storageFailure(error, 'PutObject')
      }
      await target.clock.sleep(backoffMs(attempt, PAUSE_MS, PAUSE_MAX_MS))
    }
  }
}

async function putParts(
  target: PutTarget,
  send: (upload: MultipartUpload) => Promise<void>,
): Promise<Put> {
  const upload = await MultipartUpload.begin(target)
  try {
    await send(upload)
    const put = await upload.complete()
    if (!put.stored) await upload.abort()
    return put
  } catch (error) {
    await upload.abort()
    throw error
  }
}

class MultipartUpload {
  readonly #target: PutTarget
  readonly #id: { readonly Bucket: string; readonly Key: string; readonly UploadId: string }
  readonly #parts: UploadedPart[] = []
  #bytes = 0

  static async begin(target: PutTarget): Promise<MultipartUpload> {
    const name = { Bucket: target.bucket, Key: target.key }
    const created = target.s3.send(
      new CreateMultipartUploadCommand({
        ...name,
        ...metadataField(target),
        ChecksumAlgorithm: 'CRC32',
      }),
    )
    const { UploadId = '' } = await calling('CreateMultipartUpload', created)
    return new MultipartUpload(target, UploadId)
  }

  constructor(target: PutTarget, uploadId: string) {
    this.#target = target
    this.#id = { Bucket: target.bucket, Key: target.key, UploadId: uploadId }
  }

  async send(part: Uint8Array): Promise<void> {
    const PartNumber = this.#parts.length + 1
    const ChecksumCRC32 = checksumOf(part)
    const command = new UploadPartCommand({ ...this.#id, PartNumber, Body: part, ChecksumCRC32 })
    const { ETag = '' } = await calling('UploadPart', this.#target.s3.send(command))
    this.#parts.push({ PartNumber, ETag, ChecksumCRC32 })
    this.#bytes += part.byteLength
  }

  async complete(): Promise<Put> {
    try {
      await this.#target.s3.send(
        new CompleteMultipartUploadCommand({
          ...this.#id,
          ...ifAbsentField(this.#target),
          MultipartUpload: { Parts: this.#parts },
        }),
      )
      return { stored: true, bytes: this.#bytes }
    } catch (error) {
      if (httpStatus(error) === 412) return refuse(error, this.#bytes)
      // After 409 S3 wants all parts again, but the source is spent: the caller must begin anew.
      throw storageFailure(error, 'CompleteMultipartUpload')
    }
  }

  /** A failure here leaves parts that nobody can read; the bucket's lifecycle rule removes them after a day. */
  async abort(): Promise<void> {
    await this.#target.s3.send(new AbortMultipartUploadCommand(this.#id)).catch(() => undefined)
  }
}

type UploadedPart = {
  readonly PartNumber: number
  readonly ETag: string
  readonly ChecksumCRC32: string
}

/** As S3 writes it: four bytes, big-endian, in base64. */
function checksumOf(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

function ifAbsentField(target: PutTarget): { IfNoneMatch?: string } {
  return target.ifAbsent ? { IfNoneMatch: '*' } : {}
}

const metadataField = ({ metadata }: PutTarget) => metadata && { Metadata: metadata }

/** The object was there before, unless the answer to our own first attempt was lost: then nobody knows who put it. */
function refuse(error: unknown, bytes: number): Put {
  if (wasRetried(error)) {
    throw new TemporaryFailure('S3 refused a repeated put: it may be our own', { cause: error })
  }
  return { stored: false, bytes }
}
