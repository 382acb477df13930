// A zip as an object in a bucket, uploaded while it is written: there when it is whole, and nothing before.

import { PassThrough } from 'node:stream'
import { TargetFailure } from '#shared/moving/export/target.ts'
import type { OpenZip } from '#shared/moving/export/zip-file.ts'
import { createZip } from '#shared/moving/export/zip-target.ts'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { httpStatus } from '#shared/storage/aws/failures.ts'
import { rangesIn } from '../workmail/s3-ranges.ts'
import { type BucketOptions, type BucketPlace, openBucket } from './bucket.ts'
import { uploads } from './bucket-target.ts'

export async function openZipObject(place: BucketPlace, options: BucketOptions): Promise<OpenZip> {
  const bucket = await openBucket({ ...place, prefix: '' }, options)
  const stream = new PassThrough()
  // Told by the upload.
  stream.on('error', () => undefined)
  const upload = uploads(bucket)({ path: () => place.prefix, bytes: stream })
  // Whoever writes, or ends it, hears of it.
  const failed = upload.then(() => undefined)
  failed.catch(() => undefined)
  async function write(piece: Uint8Array): Promise<void> {
    if (stream.write(piece)) return
    const drained = new Promise<void>((resolve) => stream.once('drain', resolve))
    await Promise.race([drained, failed])
  }
  const zip = createZip(write, systemClock.now())
  return {
    target: zip.target,
    async end(whole) {
      try {
        if (whole) {
          await zip.end()
          stream.end()
        } else stream.destroy(new TargetFailure('the zip ended early'))
        await (whole ? upload : upload.catch(() => undefined))
      } finally {
        bucket.s3.destroy()
      }
    },
  }
}

export async function openZipRanges(
  place: BucketPlace,
  options: BucketOptions,
): Promise<ByteRanges> {
  const { s3, told, bucket, prefix: key } = await openBucket(place, options)
  return await told(rangesIn(s3, { bucket, key })).catch((error: Error) => {
    if (httpStatus(error.cause) !== 404) throw error
    throw new TargetFailure(`there is no s3://${bucket}/${key}`)
  })
}
