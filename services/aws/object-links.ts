// Links to objects of S3 for a browser: signed by the role of the function, for one object, and for some minutes.

import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { LinkToObject } from '#services/api/deps.ts'

/** To begin in; what is under way then goes on. */
const LINK_SECONDS = 300

export const linksTo =
  (s3: S3Client, bucket: string): LinkToObject =>
  async (key, { type, disposition }) =>
    await getSignedUrl(
      s3,
      new GetObjectCommand({
        ...{ Bucket: bucket, Key: key },
        ...{ ResponseContentType: type, ResponseContentDisposition: disposition },
        ResponseCacheControl: 'no-store',
      }),
      { expiresIn: LINK_SECONDS },
    )
