import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { BodyDigest, CanonicalBody, type Canonicalisation } from '#shared/mail/body-hash.ts'

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('base64')

function digests(
  form: Canonicalisation,
  body: string,
  pieceBytes = Number.POSITIVE_INFINITY,
  limit = Number.POSITIVE_INFINITY,
) {
  const canonical = new CanonicalBody(form)
  const digest = new BodyDigest('sha256', limit)
  canonical.digests.push(digest)
  const bytes = Buffer.from(body, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    canonical.push(Buffer.from(bytes.subarray(at, at + pieceBytes)))
  }
  canonical.finish()
  return {
    hash: digest.digest('base64'),
    length: digest.canonicalizedLength,
    covered: digest.bodyHashedBytes,
  }
}

// RFC 6376 §3.4.3, §3.4.4, §3.4.5.
const bodies: readonly (readonly [body: string, simple: string, relaxed: string])[] = [
  ['', '\r\n', ''],
  ['\r\n', '\r\n', ''],
  ['\r\n\r\n\r\n', '\r\n', ''],
  [' \t\r\n', ' \t\r\n', ''],
  [' C \r\nD \t E\r\n\r\n\r\n', ' C \r\nD \t E\r\n', ' C\r\nD E\r\n'],
  ['a', 'a\r\n', 'a\r\n'],
  ['a ', 'a \r\n', 'a\r\n'],
  ['a\r\n\r\nb', 'a\r\n\r\nb\r\n', 'a\r\n\r\nb\r\n'],
  ['\r\n\r\na\r\n \r\n', '\r\n\r\na\r\n \r\n', '\r\n\r\na\r\n'],
  ['a\rb\r\n', 'a\rb\r\n', 'a\rb\r\n'],
  ['a\r', 'a\r\r\n', 'a\r\r\n'],
  ['a \r\r\nb\t\t\tc', 'a \r\r\nb\t\t\tc\r\n', 'a \r\r\nb c\r\n'],
  ['\xe4\x00\xff \x0b', '\xe4\x00\xff \x0b\r\n', '\xe4\x00\xff \x0b\r\n'],
]

describe.each([1, 2, 3, 7, Number.POSITIVE_INFINITY])('in pieces of %d bytes', (pieceBytes) => {
  it.each(bodies)('%j is hashed as the RFC has it', (body, simple, relaxed) => {
    expect(digests('simple', body, pieceBytes)).toMatchObject({
      hash: sha256(simple),
      length: simple.length,
    })
    expect(digests('relaxed', body, pieceBytes)).toMatchObject({
      hash: sha256(relaxed),
      length: relaxed.length,
    })
  })

  it.each([0, 1, 3, 4, 5, 100])('up to %d bytes where the signature says so', (limit) => {
    const found = digests('relaxed', 'a  b\r\n\r\n', pieceBytes, limit)
    expect(found).toEqual({
      hash: sha256('a b\r\n'.slice(0, limit)),
      length: 5,
      covered: Math.min(5, limit),
    })
  })
})

it('longer bodies than it holds are hashed whole', () => {
  const body = `${'word '.repeat(20_000)}\r\n`.repeat(3)
  const relaxed = `${'word '.repeat(20_000).trimEnd()}\r\n`.repeat(3)
  expect(digests('relaxed', body, 1_000).hash).toBe(sha256(relaxed))
})
