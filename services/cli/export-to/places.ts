// Where an export goes, and where it is compared: a folder, a zip of this machine, or either in a bucket. What needs AWS is loaded for a bucket only.

import { resolve } from 'node:path'
import type { BucketOptions, BucketPlace } from '#services/aws/exports/bucket.ts'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import type { ExportTarget, WrittenFiles } from '#shared/moving/export/target.ts'
import type { OpenZip } from '#shared/moving/export/zip-file.ts'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import type { Process } from '../command-context.ts'
import { CommandFailure } from '../failure.ts'
import { loadAws } from '../import-from/load-aws.ts'
import { awsOptions } from '../import-from/workmail-organization.ts'

export type PlaceOptions = { readonly to?: string; readonly region?: string }

export type OpenedTarget = {
  readonly target: ExportTarget
  /** Whatever ended it. */
  readonly end: () => Promise<void>
}

export type OpenedFiles = { readonly files: WrittenFiles; readonly close: () => Promise<void> }

/** As the record has it. */
export function placeOf({ to }: PlaceOptions): string {
  if (to === undefined) throw new CommandFailure('--to is needed', 'usage')
  return isBucket(to) ? to.replace(/\/$/, '') : resolve(to)
}

const isBucket = (to: string) => to.startsWith('s3://')

export async function openTarget(options: PlaceOptions, process: Process): Promise<OpenedTarget> {
  const to = placeOf(options)
  if (!isBucket(to)) return { target: await openFolderTarget(to), end: async () => undefined }
  const { openBucketTarget } = await loadBucket()
  return await openBucketTarget(await bucketOf(to), bucketOptions(options, process))
}

export async function openFiles(options: PlaceOptions, process: Process): Promise<OpenedFiles> {
  const to = placeOf(options)
  if (!isBucket(to)) {
    return { files: await openFolderTarget(to, { isRead: true }), close: async () => undefined }
  }
  const { target, end } = await openTarget(options, process)
  return { files: target, close: end }
}

export async function openZip(options: PlaceOptions, process: Process): Promise<OpenZip> {
  const to = placeOf(options)
  if (!isBucket(to)) {
    const { openZipFile } = await import('#shared/moving/export/zip-file.ts')
    return await openZipFile(to)
  }
  const { openZipObject } = await loadAws(() => import('#services/aws/exports/zip-object.ts'))
  return await openZipObject(await objectOf(to), bucketOptions(options, process))
}

export async function openZipFiles(options: PlaceOptions, process: Process): Promise<OpenedFiles> {
  const { openWrittenZip } = await import('#shared/moving/export/zip-reading.ts')
  return await openWrittenZip(await rangesOf(options, process))
}

async function rangesOf(options: PlaceOptions, process: Process): Promise<ByteRanges> {
  const to = placeOf(options)
  if (!isBucket(to)) {
    const { openFileRanges } = await import('#shared/moving/workmail/export/byte-ranges.ts')
    return await openFileRanges(to).catch((error: Error) => {
      throw new CommandFailure(`cannot read the zip: ${error.message}`, 'noInput')
    })
  }
  const { openZipRanges } = await loadAws(() => import('#services/aws/exports/zip-object.ts'))
  return await openZipRanges(await objectOf(to), bucketOptions(options, process))
}

const loadBucket = () => loadAws(() => import('#services/aws/exports/bucket-target.ts'))

async function bucketOf(to: string): Promise<BucketPlace> {
  const { parseBucketUrl } = await loadAws(() => import('#services/aws/exports/bucket.ts'))
  const place = parseBucketUrl(to)
  if (place !== undefined) return place
  throw new CommandFailure(`${to} is no place in a bucket, as s3://bucket/prefix is`, 'usage')
}

async function objectOf(to: string): Promise<BucketPlace> {
  const place = await bucketOf(to)
  if (place.prefix !== '') return place
  throw new CommandFailure('a zip in a bucket needs a name, as s3://bucket/ann.zip', 'usage')
}

function bucketOptions({ region }: PlaceOptions, process: Process): BucketOptions {
  const { credentials } = awsOptions(process, 'S3')
  return { region, environment: process.environment, ...(credentials && { credentials }) }
}
