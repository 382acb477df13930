// The text that a job works on, in parts. It may hold passwords: nothing of it is stored in clear, and when the job is over its key goes
// first, so that what a backup or a freed page still has of the text is nothing that anybody can read.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Of one part, sealed. */
export const TEXT_PART_BYTES = 300_000

export const newTextKey = (): Uint8Array => new Uint8Array(randomBytes(KEY_BYTES))

export function* sealParts(text: Uint8Array, key: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < text.length; at += TEXT_PART_BYTES) {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, key, nonce)
    const sealed = cipher.update(text.subarray(at, at + TEXT_PART_BYTES))
    cipher.final()
    yield new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), sealed]))
  }
}

export function openPart(part: Uint8Array, key: Uint8Array): Uint8Array {
  const nonce = part.subarray(0, NONCE_BYTES)
  const tag = part.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  const cipher = createDecipheriv(ALGORITHM, key, nonce)
  cipher.setAuthTag(tag)
  const text = cipher.update(part.subarray(NONCE_BYTES + TAG_BYTES))
  cipher.final()
  return text
}
