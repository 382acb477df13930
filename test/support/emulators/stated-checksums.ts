// The checksums that a request states for its bytes, in header fields or behind a chunked body, and whether they are true.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { decodeAwsChunked } from '../../../node_modules/fauxqs/dist/s3/chunkedEncoding.js'
import type { EmulatorRequest } from './refusal.ts'

export type StatedChecksums = {
  readonly bytes: Buffer
  /** Value in base64 by algorithm as S3 names it, `MD5` for Content-MD5. */
  readonly values: ReadonlyMap<string, string>
}

/** CRC32C and CRC64NVME are stated but not computed here. */
const algorithms = [
  { name: 'MD5', header: 'content-md5' },
  { name: 'SHA1', header: 'x-amz-checksum-sha1' },
  { name: 'SHA256', header: 'x-amz-checksum-sha256' },
  { name: 'CRC32', header: 'x-amz-checksum-crc32' },
  { name: 'CRC32C', header: 'x-amz-checksum-crc32c' },
  { name: 'CRC64NVME', header: 'x-amz-checksum-crc64nvme' },
] as const

const compute: { readonly [name: string]: (bytes: Buffer) => string } = {
  MD5: (bytes) => digest('md5', bytes),
  SHA1: (bytes) => digest('sha1', bytes),
  SHA256: (bytes) => digest('sha256', bytes),
  CRC32: crc32Digest,
}

export function statedChecksums(request: EmulatorRequest): StatedChecksums {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const isChunked = String(request.headers['content-encoding'] ?? '').includes('aws-chunked')
  const { body, trailers } = isChunked ? decodeAwsChunked(raw) : { body: raw, trailers: {} }
  const stated: Readonly<Record<string, unknown>> = { ...request.headers, ...trailers }
  const values = new Map<string, string>()
  for (const { name, header } of algorithms) {
    const value = stated[header]
    if (typeof value === 'string') values.set(name, value)
  }
  return { bytes: body, values }
}

export function hasTrueChecksums({ bytes, values }: StatedChecksums): boolean {
  return [...values].every(([name, value]) => (compute[name]?.(bytes) ?? value) === value)
}

function digest(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('base64')
}

function crc32Digest(bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}
