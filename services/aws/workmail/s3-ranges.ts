// An archive in S3, read by ranges as it is needed.

import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import { endpointsIn } from '#shared/storage/aws/clients.ts'
import { calling } from '#shared/storage/aws/failures.ts'
import { requestTimeouts } from '../request-timeouts.ts'

export async function openS3Ranges(
  { bucket, key }: { readonly bucket: string; readonly key: string },
  options: {
    readonly region: string
    readonly environment: { readonly [variable: string]: string | undefined }
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  },
): Promise<ByteRanges> {
  const { region, environment, credentials } = options
  const { s3: endpoint } = endpointsIn(environment)
  const client = new S3Client({
    region,
    requestHandler: requestTimeouts,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  })
  return await rangesIn(client, { bucket, key })
}

/** The client is closed with it. */
export async function rangesIn(
  client: S3Client,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<ByteRanges> {
  const place = { Bucket: bucket, Key: key }
  const head = await calling('HeadObject', client.send(new HeadObjectCommand(place)))
  return {
    size: head.ContentLength ?? 0,
    async read(offset, length) {
      const Range = `bytes=${offset}-${offset + length - 1}`
      // Another archive under its name would be read as one with the first half of this.
      const request = new GetObjectCommand({ ...place, Range, IfMatch: head.ETag })
      const { Body } = await calling('GetObject', client.send(request))
      return (await Body?.transformToByteArray()) ?? new Uint8Array()
    },
    async close() {
      client.destroy()
    },
  }
}

/** `s3://bucket/key`; undefined for what is none. */
export function parseS3Url(
  text: string,
): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)\/(.+)$/.exec(text) ?? []
  return bucket === undefined || key === undefined ? undefined : { bucket, key }
}
