import { describe, expect, it } from 'vitest'
import {
  checkEncoding,
  decodePart,
  isUnencoded,
  partSpan,
  streamDecoded,
  UnknownEncoding,
} from '#shared/message/decoded-part.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { storedMessage } from '#test/support/stored-message.ts'

const part = (encoding: string, body: string) =>
  `--x\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`

function opened(...parts: readonly string[]): StoredMessage {
  const header = 'Content-Type: multipart/mixed; boundary=x\r\n\r\n'
  const { object, blob } = storedMessage(`${header}${parts.join('')}--x--\r\n`)
  return new StoredMessage(object, blob, 'Delivered-To: a@x\r\n')
}

const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString('latin1')

/** Held and streamed. */
async function decoded(message: StoredMessage, ...path: readonly number[]) {
  const span = partSpan(message, path)
  if (span === undefined) return undefined
  const held = text(await decodePart(message, path, span))
  expect(text(await Array.fromAsync(streamDecoded(message, path, span)))).toBe(held)
  return held
}

describe('a decoded part', () => {
  it('is what was sent', async () => {
    const message = opened(
      part('base64', 'T25l\r\n'),
      part('Quoted-Printable', 'tw=6F'),
      part('8bit', 'three'),
      // Without its padding.
      part('base64', 'Rml2ZQ'),
    )
    expect(await decoded(message, 1)).toBe('One')
    expect(await decoded(message, 2)).toBe('two')
    expect(await decoded(message, 3)).toBe('three')
    expect(await decoded(message, 4)).toBe('Five')
    expect(await decoded(message, 5)).toBeUndefined()
    expect([1, 2, 3].map((number) => isUnencoded(message, [number]))).toEqual([false, false, true])
  })

  it('is the same of a large one', async () => {
    const bytes = 'a line\r\n'.repeat(50_000)
    const lines = Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n')
    expect(await decoded(opened(part('base64', lines)), 1)).toBe(bytes)
  })

  // RFC 2045 §6.4
  it('has no encoding where it is a multipart, or the whole message', async () => {
    const inner = `--y\r\n\r\nplain\r\n--y--\r\n`
    const nested = `--x\r\nContent-Type: multipart/mixed; boundary=y\r\nContent-Transfer-Encoding: base64\r\n\r\n${inner}\r\n`
    const message = opened(nested, part('base64', 'T25l'))
    expect(await decoded(message, 1)).toContain('plain')
    expect(isUnencoded(message, [1])).toBe(true)
    expect(isUnencoded(message, [])).toBe(true)
    expect(partSpan(message, [])).toEqual([0, message.size])
    expect(await decoded(message)).toContain('Delivered-To: a@x\r\n')
  })

  it('fails where nobody can decode it', async () => {
    const message = opened(part('x-unknown', 'abc'))
    expect(() => checkEncoding(message, [1])).toThrow(UnknownEncoding)
    await expect(decoded(message, 1)).rejects.toBeInstanceOf(UnknownEncoding)
  })
})
