// A place in a bucket that mail is written to, with the credentials of whoever runs the command. What S3 refuses for good is said in its
// words; all else may be tried again.

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { TargetFailure } from '#shared/moving/export/target.ts'
import { endpointsIn } from '#shared/storage/aws/clients.ts'
import { calling, httpStatus } from '#shared/storage/aws/failures.ts'

/** `prefix`: '' for all of the bucket, and without a slash at either end. */
export type BucketPlace = { readonly bucket: string; readonly prefix: string }

/** `s3://bucket` or `s3://bucket/prefix`; undefined for what is none. */
export function parseBucketUrl(text: string): BucketPlace | undefined {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/s.exec(text) ?? []
  const prefix = rest.replace(/\/$/, '')
  const isPath = prefix === '' || prefix.split('/').every((name) => !/^\.{0,2}$/.test(name))
  return bucket === undefined || !isPath ? undefined : { bucket, prefix }
}

export type BucketOptions = {
  /** Undefined: that of the environment, or of the profile. */
  readonly region?: string | undefined
  readonly environment: { readonly [variable: string]: string | undefined }
  /** Undefined: the SDK's own chain (environment, profile, role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const CONNECT_TIMEOUT_MS = 3_000
/** Silence on a connection that carries an object. */
const IDLE_TIMEOUT_MS = 30_000

export type Bucket = BucketPlace & {
  readonly s3: S3Client
  /** What S3 says no to for good becomes a TargetFailure. */
  told<T>(work: Promise<T>): Promise<T>
}

/** Asks once, so that a wrong name or a right that is missing is told before anything is read. */
export async function openBucket(place: BucketPlace, options: BucketOptions): Promise<Bucket> {
  const { environment, credentials } = options
  const region = options.region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION
  const { s3: endpoint } = endpointsIn(environment)
  const s3 = new S3Client({
    ...(region && { region }),
    followRegionRedirects: true,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
    requestHandler: {
      ...{ connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
      throwOnRequestTimeout: true,
    },
    expectContinueHeader: false,
  })
  const told = <T>(work: Promise<T>) => inWords(place, work)
  const asked = s3.send(
    new ListObjectsV2Command({ Bucket: place.bucket, Prefix: place.prefix, MaxKeys: 1 }),
  )
  try {
    await told(calling('ListObjectsV2', asked))
  } catch (error) {
    s3.destroy()
    throw error
  }
  return { ...place, s3, told }
}

/** Besides those, all that are answered 403. */
const lasting: ReadonlySet<string> = new Set([
  'NoSuchBucket',
  'InvalidBucketName',
  'PermanentRedirect',
  'KeyTooLongError',
  'CredentialsProviderError',
])

async function inWords<T>({ bucket }: BucketPlace, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    if (!(cause instanceof Error)) throw error
    if (cause.message.includes('Region is missing')) {
      throw new TargetFailure(`the region of ${bucket} is not known: give --region, or AWS_REGION`)
    }
    if (!lasting.has(cause.name) && httpStatus(cause) !== 403) throw error
    throw new TargetFailure(`s3://${bucket}: ${cause.name}: ${cause.message}`)
  }
}
