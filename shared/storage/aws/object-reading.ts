// Reading objects of S3 whole or by range.

import { GetObjectCommand, HeadObjectCommand, NoSuchKey, type S3Client } from '@aws-sdk/client-s3'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { ByteRange } from '../ports.ts'
import { calling, httpStatus, storageFailure } from './failures.ts'

export type ObjectName = { readonly s3: S3Client; readonly bucket: string; readonly key: string }

/** Attempts in a row to go on with a broken stream that bring no byte. */
const FRUITLESS_ATTEMPTS_MAX = 3

/** Undefined when there is no such object. */
export async function objectSize(name: ObjectName): Promise<number | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: name.bucket, Key: name.key })
    return (await name.s3.send(command)).ContentLength ?? 0
  } catch (error) {
    // The answer to HEAD has no body that could say whether key or bucket is missing.
    if (httpStatus(error) === 404) return undefined
    throw storageFailure(error, 'HeadObject')
  }
}

export async function readObject(
  name: ObjectName,
  range?: ByteRange,
): Promise<Uint8Array | undefined> {
  const content = await openContent(name, range)
  return content && calling('GetObject', content.bytes())
}

/**
 * The stream goes on by range where a connection broke, so that a slow reader, on whom S3 hangs up, still gets all.
 * Objects never change, so the pieces fit.
 */
export async function streamObject(
  name: ObjectName,
  range?: ByteRange,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const content = await openContent(name, range)
  return content && resumed(name, content, range?.offset ?? 0)
}

async function* resumed(
  name: ObjectName,
  first: Content,
  offset: number,
): AsyncGenerator<Uint8Array> {
  const end = offset + first.length
  let position = offset
  let content = first
  for (let fruitless = 0; ; fruitless++) {
    let failure: unknown
    try {
      for await (const chunk of content.stream()) {
        position += chunk.byteLength
        fruitless = 0
        yield chunk
      }
    } catch (error) {
      failure = error
    }
    if (position === end) return
    if (fruitless === FRUITLESS_ATTEMPTS_MAX) {
      throw new TemporaryFailure(`object ${name.key} breaks off at ${position}`, { cause: failure })
    }
    const rest = await openContent(name, { offset: position, length: end - position })
    if (rest === undefined) throw new TemporaryFailure(`object ${name.key} was deleted meanwhile`)
    content = rest
  }
}

type Content = {
  readonly length: number
  bytes(): Promise<Uint8Array>
  stream(): AsyncIterable<Uint8Array>
}

async function openContent(
  name: ObjectName,
  range: ByteRange | undefined,
): Promise<Content | undefined> {
  // HTTP has no empty range (RFC 9110 §14.1.2), but the object may still be missing.
  if (range?.length === 0) return (await objectSize(name)) === undefined ? undefined : noContent
  try {
    const answer = await name.s3.send(
      new GetObjectCommand({
        Bucket: name.bucket,
        Key: name.key,
        ...(range && { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
      }),
    )
    const { Body: body, ContentLength: length = 0 } = answer
    if (body === undefined) return noContent
    return {
      length,
      bytes: () => body.transformToByteArray(),
      stream: () => chunksOf(body),
    }
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    if (httpStatus(error) === 416) return noContent // the range begins at or beyond the end
    throw storageFailure(error, 'GetObject')
  }
}

const noContent: Content = {
  length: 0,
  bytes: async () => new Uint8Array(0),
  stream: async function* () {},
}

/** The SDK's body is a Node stream whose type says nothing about its chunks. */
async function* chunksOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (!isIterable(body)) throw new TypeError('the SDK gave a body that is no stream')
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the SDK gave a stream of no bytes')
    yield chunk
  }
}

function isIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
