// What S3 refuses and fauxqs does not: puts, completed uploads and deletes whose condition is false, bytes that do not fit
// their checksum, and uploads in parts whose checksums do not fit together (strict-uploads.ts). Everything here is synchronous,
// so that of racing puts exactly one finds the key free.

import { S3Store } from '../../../node_modules/fauxqs/dist/s3/s3Store.js'
import { type EmulatorRequest, type Refusal, s3Refusal } from './refusal.ts'
import { hasTrueChecksums, statedChecksums } from './stated-checksums.ts'
import { StrictUploads } from './strict-uploads.ts'

export class StrictS3Store extends S3Store {
  readonly uploads = new StrictUploads()

  override createMultipartUpload(...of: Parameters<S3Store['createMultipartUpload']>): string {
    const uploadId = super.createMultipartUpload(...of)
    this.uploads.begin(uploadId, of[5])
    return uploadId
  }

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
  const uploadId = url.searchParams.get('uploadId')
  const partNumber = Number(url.searchParams.get('partNumber'))
  const isUpload = request.method === 'POST' && uploadId !== null
  if (request.method === 'PUT') {
    const stated = statedChecksums(request)
    if (!hasTrueChecksums(stated)) return s3Refusal(400, 'BadDigest')
    if (uploadId !== null) return store.uploads.part(uploadId, partNumber, stated)
  }
  if (request.method !== 'PUT' && !isUpload && request.method !== 'DELETE') return undefined
  const refusal = failedCondition(request, store.etag(bucket, key))
  if (refusal !== undefined || !isUpload) return refusal
  return store.uploads.complete(uploadId, String(request.body))
}

function failedCondition(request: EmulatorRequest, etag: string | undefined): Refusal | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') return s3Refusal(501, 'NotImplemented')
  if (ifNoneMatch === '*' && etag !== undefined) return s3Refusal(412, 'PreconditionFailed')
  if (ifMatch === undefined || ifMatch === etag) return undefined
  return etag === undefined ? s3Refusal(404, 'NoSuchKey') : s3Refusal(412, 'PreconditionFailed')
}
