// The bytes of a message file. Some installations keep them compressed; encrypted ones cannot be read without their server.

import type { FileHandle } from 'node:fs/promises'
import { Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { OwnFiles } from '../own-files.ts'

export type MessageFile =
  | { readonly kind: 'bytes'; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** Of a message after decompression: above what any server takes, below what fills a disk unnoticed. */
export const MESSAGE_BYTES_MAX = 2 * 1024 ** 3
const READ_BYTES = 256 * 1024
/** Read in one piece and closed at once, so that several may be read ahead. */
export const READ_WHOLE_BYTES = READ_BYTES
const MAGIC_BYTES = 16

export async function openMessage(own: OwnFiles, path: Buffer): Promise<MessageFile> {
  const opened = await own.open(path)
  if (opened.kind === 'refused') return { kind: 'unreadable', reason: opened.reason }
  if (opened.kind === 'gone') return opened
  const { file, stats } = opened
  try {
    if (stats.size <= READ_WHOLE_BYTES) return await whole(file, stats.size)
    const first = Buffer.alloc(MAGIC_BYTES)
    const { bytesRead } = await file.read(first, 0, MAGIC_BYTES, 0)
    const form = formOf(first.subarray(0, bytesRead))
    if (form.kind === 'other') return await closing(file, form.reason)
    return { kind: 'bytes', bytes: limited(bytesOf(file, form)) }
  } catch (error) {
    return await closing(file, (error as Error).message)
  }
}

async function whole(file: FileHandle, size: number): Promise<MessageFile> {
  const buffer = Buffer.allocUnsafe(size)
  const { bytesRead } = await file.read(buffer, 0, size, 0)
  await file.close()
  const bytes = buffer.subarray(0, bytesRead)
  const form = formOf(bytes.subarray(0, MAGIC_BYTES))
  if (form.kind === 'other') return { kind: 'unreadable', reason: form.reason }
  return {
    kind: 'bytes',
    bytes: form.kind === 'plain' ? one(bytes) : limited(unpacked(bytes, form)),
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* unpacked(
  bytes: Uint8Array,
  { unpack }: Extract<Form, { readonly kind: 'packed' }>,
): AsyncGenerator<Uint8Array> {
  yield* Readable.from([bytes]).pipe(unpack())
}

async function closing(file: FileHandle, reason: string): Promise<MessageFile> {
  await file.close()
  return { kind: 'unreadable', reason }
}

type Form =
  | { readonly kind: 'plain' }
  | { readonly kind: 'packed'; readonly unpack: () => Transform }
  | { readonly kind: 'other'; readonly reason: string }

const starts = (bytes: Buffer, hex: string) => bytes.toString('hex').startsWith(hex)

function formOf(first: Buffer): Form {
  if (starts(first, '1f8b')) return { kind: 'packed', unpack: createGunzip }
  if (starts(first, '28b52ffd')) return { kind: 'packed', unpack: createZstdDecompress }
  if (starts(first, '425a68')) return { kind: 'other', reason: 'is compressed by bzip2' }
  if (first.toString('latin1').startsWith('Dovecot-LZ4')) {
    return { kind: 'other', reason: 'is compressed by LZ4' }
  }
  if (first.toString('latin1').startsWith('CRYPTED')) {
    return { kind: 'other', reason: 'is encrypted: bring it by IMAP' }
  }
  return { kind: 'plain' }
}

async function* bytesOf(
  file: FileHandle,
  form: Exclude<Form, { readonly kind: 'other' }>,
): AsyncGenerator<Uint8Array> {
  try {
    if (form.kind === 'packed') {
      yield* file.createReadStream({ start: 0, autoClose: false }).pipe(form.unpack())
      return
    }
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafe(READ_BYTES)
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
      if (bytesRead < READ_BYTES) return
    }
  } finally {
    await file.close()
  }
}

async function* limited(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const chunk of bytes) {
    count += chunk.length
    if (count > MESSAGE_BYTES_MAX) throw new Error(`has more than ${MESSAGE_BYTES_MAX} bytes`)
    yield chunk
  }
}
