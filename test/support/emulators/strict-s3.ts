// What S3 refuses and fauxqs does not: puts, completed uploads and deletes whose condition is false, and bytes that do
// not fit their checksum. Everything here is synchronous, so that of racing puts exactly one finds the key free.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { decodeAwsChunked } from '../../../node_modules/fauxqs/dist/s3/chunkedEncoding.js'
import { S3Store } from '../../../node_modules/fauxqs/dist/s3/s3Store.js'
import { type EmulatorRequest, type Refusal, s3Refusal } from './refusal.ts'

export class StrictS3Store extends S3Store {
  /** S3 lists keys by their UTF-8 bytes; fauxqs by locale, where `a` comes before `B`. */
  override listObjects(...[bucket, options]: Parameters<S3Store['listObjects']>) {
    const all = super.listObjects(bucket, { ...options, maxKeys: Number.POSITIVE_INFINITY })
    const maxKeys = options?.maxKeys ?? 1_000
    const sorted = all.objects.toSorted((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    )
    return {
      ...all,
      objects: sorted.slice(0, maxKeys),
      isTruncated: sorted.length > maxKeys,
    }
  }

  etag(bucket: string, key: string): string | undefined {
    try {
      return this.headObject(bucket, key).etag
    } catch {
      return undefined // no such object or bucket
    }
  }
}

export function s3RefusalOf(request: EmulatorRequest, store: StrictS3Store): Refusal | undefined {
  const url = new URL(request.url, 'http://s3')
  const [bucket, ...rest] = decodeURIComponent(url.pathname).slice(1).split('/')
  const key = rest.join('/')
  if (bucket === undefined || key === '') return undefined
  const isPart = url.searchParams.has('partNumber')
  const isUpload = request.method === 'POST' && url.searchParams.has('uploadId')
  if (request.method === 'PUT' && !hasTrueChecksums(request)) return s3Refusal(400, 'BadDigest')
  if ((request.method === 'PUT' && !isPart) || isUpload || request.method === 'DELETE') {
    return failedCondition(request, store.etag(bucket, key))
  }
  return undefined
}

function failedCondition(request: EmulatorRequest, etag: string | undefined): Refusal | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') return s3Refusal(501, 'NotImplemented')
  if (ifNoneMatch === '*' && etag !== undefined) return s3Refusal(412, 'PreconditionFailed')
  if (ifMatch === undefined || ifMatch === etag) return undefined
  return etag === undefined ? s3Refusal(404, 'NoSuchKey') : s3Refusal(412, 'PreconditionFailed')
}

function hasTrueChecksums(request: EmulatorRequest): boolean {
  if (!Buffer.isBuffer(request.body)) return true
  const isChunked = String(request.headers['content-encoding'] ?? '').includes('aws-chunked')
  const { body, trailers } = isChunked
    ? decodeAwsChunked(request.body)
    : { body: request.body, trailers: {} }
  const stated: Readonly<Record<string, unknown>> = { ...request.headers, ...trailers }
  return checksums.every(({ header, compute }) => {
    const value = stated[header]
    return value === undefined || value === compute(body)
  })
}

const checksums = [
  { header: 'content-md5', compute: (bytes: Buffer) => digest('md5', bytes) },
  { header: 'x-amz-checksum-sha1', compute: (bytes: Buffer) => digest('sha1', bytes) },
  { header: 'x-amz-checksum-sha256', compute: (bytes: Buffer) => digest('sha256', bytes) },
  { header: 'x-amz-checksum-crc32', compute: crc32Digest },
]

function digest(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('base64')
}

function crc32Digest(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}
