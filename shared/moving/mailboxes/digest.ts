// What is told of bytes while they are written: how many they are on the disk and to a mail program, and what tells them from all others.

import { createHash } from 'node:crypto'

const CR = 0x0d
const LF = 0x0a

export type Digest = {
  readonly bytes: number
  /** LFs without their CR, which IMAP and POP3 send with one (RFC822.SIZE counts them so). */
  readonly bareLineFeeds: number
  readonly sha256: string
}

/** `told` is called when the last byte was taken. */
export async function* digesting(
  source: AsyncIterable<Uint8Array>,
  told: (digest: Digest) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let [bytes, bareLineFeeds, last] = [0, 0, 0]
  for await (const chunk of source) {
    hash.update(chunk)
    bytes += chunk.length
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      if ((at === 0 ? last : chunk[at - 1]) !== CR) bareLineFeeds++
    }
    last = chunk.at(-1) ?? last
    yield chunk
  }
  told({ bytes, bareLineFeeds, sha256: hash.digest('hex') })
}

export async function digestOf(source: AsyncIterable<Uint8Array>): Promise<Digest> {
  let digest: Digest | undefined
  for await (const _ of digesting(source, (told) => (digest = told)));
  if (digest === undefined) throw new Error('a stream ended without its end')
  return digest
}
