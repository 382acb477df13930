// A zip as an object in a bucket, uploaded while it is written: there when it is whole, and nothing before.

import { TargetFailure } from '#shared/moving/export/target.ts'
import type { OpenZip } from '#shared/moving/export/zip-file.ts'
import { openZipStream } from '#shared/moving/export/zip-stream.ts'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { httpStatus } from '#shared/storage/aws/failures.ts'
import { rangesIn } from '../workmail/s3-ranges.ts'
import { type BucketOptions, type BucketPlace, openBucket } from './bucket.ts'
import { uploads } from './bucket-target.ts'

export async function openZipObject(place: BucketPlace, options: BucketOptions): Promise<OpenZip> {
  const bucket = await openBucket({ ...place, prefix: '' }, options)
  const zip = openZipStream(
    (bytes) => uploads(bucket)({ path: () => place.prefix, bytes }),
    systemClock.now(),
  )
  return {
    target: zip.target,
    async end(whole) {
      try {
        if (whole) await zip.end()
        else await zip.giveUp(new TargetFailure('the zip ended early'))
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
