// An export in a bucket, read by ranges.

import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openS3Ranges, parseS3Url } from '#services/aws/workmail/s3-ranges.ts'
import { BLOCK_BYTES } from '#shared/moving/workmail/export/byte-ranges.ts'
import { openExport } from '#shared/moving/workmail/export/export-source.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { type Fauxqs, startFauxqs } from '#test/support/emulators/fauxqs.ts'
import { archiveOf } from '#test/support/export-archive.ts'

let s3: Fauxqs
let client: S3Client
beforeAll(async () => {
  s3 = await startFauxqs()
  const { endpoint } = s3
  client = new S3Client({
    ...{ region: 'eu-west-1', endpoint, credentials: testCredentials, forcePathStyle: true },
  })
  await client.send(new CreateBucketCommand({ Bucket: 'exports' }))
})
afterAll(async () => {
  client.destroy()
  await s3.stop()
})

const put = (Body: Uint8Array) =>
  client.send(new PutObjectCommand({ Bucket: 'exports', Key: 'job/ann.zip', Body }))

const open = () =>
  openS3Ranges(
    { bucket: 'exports', key: 'job/ann.zip' },
    {
      ...{ region: 'eu-west-1', credentials: testCredentials },
      environment: { AWS_ENDPOINT_URL_S3: s3.endpoint },
    },
  )

describe('an archive in S3', () => {
  it('is read by the blocks that are needed', async () => {
    const text = (subject: string) => `From: a@b.test\r\nSubject: ${subject}\r\n\r\n`
    // What cannot be made smaller lies between the messages.
    const noise = Buffer.from(Array.from({ length: 2 * BLOCK_BYTES }, (_, i) => (i * 7_919) % 251))
    const bytes = await archiveOf(
      { 'Inbox/1': text('one'), 'Inbox/noise': noise, 'Inbox/2': text('two') },
      'stored',
    )
    await put(bytes)
    const source = await openExport(await open(), { mailbox: 'ann' })
    const [folder] = await source.folders()
    const opened = folder && (await source.open(folder))
    const messages = await Array.fromAsync(opened?.messages() ?? [])
    const found: string[] = []
    for await (const one of opened?.read(messages) ?? []) {
      found.push(Buffer.concat(await Array.fromAsync(one.bytes)).toString())
    }
    expect(found).toEqual([text('one'), text('two')])
    await source.close()
  })

  it('is not read on as another one that has taken its place', async () => {
    await put(await archiveOf({ 'Inbox/1': 'From: a@b.test\r\n\r\n' }))
    const ranges = await open()
    await put(await archiveOf({ 'Inbox/1': 'From: other@b.test\r\n\r\n' }))
    await expect(ranges.read(0, 10)).rejects.toThrow(/GetObject/)
    await ranges.close()
  })

  it('is named by an address', () => {
    expect(parseS3Url('s3://exports/a/b c.zip')).toEqual({ bucket: 'exports', key: 'a/b c.zip' })
    for (const text of ['s3://exports', 's3://exports/', 'exports/a', 's3://UP/a', '/a/b.zip']) {
      expect(parseS3Url(text)).toBeUndefined()
    }
  })
})
