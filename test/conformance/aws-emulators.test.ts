// The strictness that the AWS emulator is given beyond fauxqs: without it the suites could not fail where AWS would.

import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AwsClients } from '#shared/storage/aws/clients.ts'
import { createTestAws, testFauxqs } from '#test/support/emulators/open-test-aws-store.ts'
import { eventually, unique } from '#test/support/storage.ts'

let clients: AwsClients
let bucket: string
let queueUrl: string

beforeAll(async () => {
  const aws = await createTestAws({ withTables: false })
  if (aws === undefined) throw new Error('cannot happen: no tables wanted')
  clients = aws.clients
  bucket = aws.options.bucket
  queueUrl = aws.options.queueUrls.active
})
afterAll(() => {
  clients.s3.destroy()
  clients.sqs.destroy()
})

describe('strict S3', () => {
  it('refuses a put whose condition is false', async () => {
    const { ETag } = await put('a', { Body: 'first' })
    await expect(put('a', { IfNoneMatch: '*' })).rejects.toThrow('PreconditionFailed')
    await expect(put('a', { IfMatch: '"other"' })).rejects.toThrow('PreconditionFailed')
    await expect(put('b', { IfMatch: '"other"' })).rejects.toThrow('NoSuchKey')
    await put('a', { Body: 'second', IfMatch: ETag })
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a' }))
    expect(await Body?.transformToString()).toBe('second')
  })

  it('lets exactly one of racing puts find the key free', async () => {
    const puts = Array.from({ length: 20 }, () => put('race', { IfNoneMatch: '*' }))
    const results = await Promise.allSettled(puts)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('refuses a delete whose condition is false', async () => {
    await put('c')
    const remove = new DeleteObjectCommand({ Bucket: bucket, Key: 'c', IfMatch: '"other"' })
    await expect(clients.s3.send(remove)).rejects.toThrow('PreconditionFailed')
  })

  it.each([
    ['SHA-256', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }],
    ['CRC32', { ChecksumCRC32: Buffer.alloc(4).toString('base64') }],
    ['MD5', { ContentMD5: Buffer.alloc(16).toString('base64') }],
  ])('refuses bytes that do not fit their %s', async (_, checksum) => {
    await expect(put('d', { Body: 'x', ...checksum })).rejects.toThrow('BadDigest')
  })

  describe('an upload in parts', () => {
    const MIB = 1024 * 1024

    it('is taken when algorithm, parts and end fit together', async () => {
      const upload = await begin('CRC32')
      const parts = [await upload.send(1, 5 * MIB), await upload.send(2, 1)]
      await upload.complete(parts)
    })

    it('that named no algorithm takes no part with a checksum', async () => {
      const upload = await begin(undefined)
      await expect(upload.send(1, 1)).rejects.toThrow('InvalidRequest')
    })

    it('takes no part with a checksum of another algorithm', async () => {
      const upload = await begin('SHA256')
      await expect(upload.send(1, 1)).rejects.toThrow('InvalidRequest')
    })

    it('does not end without the checksums of its parts', async () => {
      const upload = await begin('CRC32')
      const { ETag, PartNumber } = await upload.send(1, 1)
      await expect(upload.complete([{ ETag, PartNumber }])).rejects.toThrow('InvalidRequest')
    })

    it('does not end with a wrong checksum of a part', async () => {
      const upload = await begin('CRC32')
      const part = await upload.send(1, 1)
      await expect(upload.complete([{ ...part, ChecksumCRC32: 'AAAAAA==' }])).rejects.toThrow(
        'InvalidPart',
      )
    })

    it('does not end with a part below 5 MiB before the last', async () => {
      const upload = await begin('CRC32')
      const parts = [await upload.send(1, 5 * MIB - 1), await upload.send(2, 1)]
      await expect(upload.complete(parts)).rejects.toThrow('smaller than the minimum')
    })

    it('does not end with parts in another order', async () => {
      const upload = await begin('CRC32')
      const parts = [await upload.send(1, 5 * MIB), await upload.send(2, 5 * MIB)]
      await expect(upload.complete(parts.toReversed())).rejects.toThrow('ascending order')
    })

    async function begin(ChecksumAlgorithm: 'CRC32' | 'SHA256' | undefined) {
      const name = { Bucket: bucket, Key: unique('parts') }
      const { UploadId } = await clients.s3.send(
        new CreateMultipartUploadCommand({
          ...name,
          ...(ChecksumAlgorithm && { ChecksumAlgorithm }),
        }),
      )
      return {
        async send(PartNumber: number, bytes: number): Promise<CompletedPart> {
          const Body = Buffer.alloc(bytes, PartNumber)
          const part = new UploadPartCommand({ ...name, UploadId, PartNumber, Body })
          const { ETag, ChecksumCRC32 } = await clients.s3.send(part)
          return { PartNumber, ETag, ChecksumCRC32 }
        },
        complete: (Parts: readonly CompletedPart[]) =>
          clients.s3.send(
            new CompleteMultipartUploadCommand({
              ...name,
              UploadId,
              MultipartUpload: { Parts: [...Parts] },
            }),
          ),
      }
    }
  })

  function put(key: string, fields: Partial<PutObjectCommandInput> = {}) {
    return clients.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'bytes', ...fields }),
    )
  }
})

describe('strict SQS', () => {
  it('refuses a delay beyond 15 minutes', async () => {
    const send = (DelaySeconds: number) =>
      clients.sqs.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'late', DelaySeconds }),
      )
    await send(900)
    await expect(send(901)).rejects.toThrow('InvalidParameterValue')
  })

  it('does not make a queue again right after its removal', async () => {
    const create = new CreateQueueCommand({ QueueName: unique('again') })
    const { QueueUrl } = await clients.sqs.send(create)
    await clients.sqs.send(new DeleteQueueCommand({ QueueUrl }))
    await expect(clients.sqs.send(create)).rejects.toThrow('QueueDeletedRecently')
  })

  it('keeps a message whose receiver hung up', async () => {
    const { sqs } = await testFauxqs()
    const { QueueUrl = '' } = await clients.sqs.send(
      new CreateQueueCommand({ QueueName: unique('hung-up') }),
    )
    const queue = sqs.getQueue(QueueUrl)
    if (queue === undefined) throw new Error('no queue')
    const receive = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })
    const gone = new AbortController()
    const hungUp = clients.sqs.send(receive, { abortSignal: gone.signal })
    await eventually(
      () => queue.pollWaiters.length,
      (waiters) => waiters === 1,
    )
    gone.abort()
    await expect(hungUp).rejects.toThrow()
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }))
    const { Messages } = await clients.sqs.send(receive)
    expect(Messages).toMatchObject([{ Body: 'kept' }])
  })
})

describe('fault injection', () => {
  afterEach(async () => (await testFauxqs()).failWhen(() => false))

  it('fails requests with 503, which the SDK repeats', async () => {
    let failures = 0
    const fauxqs = await testFauxqs()
    fauxqs.failWhen(({ method }) => method === 'PUT' && failures++ < 2)
    const { $metadata } = await clients.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'retried', Body: 'bytes' }),
    )
    expect($metadata.attempts).toBe(3)
  })
})
