import { describe, expect, it } from 'vitest'
import type { Part } from '#shared/mail/message-index.ts'
import { headerLine, withField } from '#shared/sieve/header-lines.ts'
import type { SieveMessage } from '#shared/sieve/message.ts'
import { bytesSource, readMessage } from '#shared/sieve/read-message.ts'
import { seededRandom } from '#test/support/seed.ts'

const added = 'Return-Path: <a@b.example>\r\nDelivered-To: c\r\n'

/** As one that is stored: with fields before it, and read in small pieces. */
function stored(text: string, pieceBytes: number): SieveMessage {
  const object = bytesSource(Buffer.from(text, 'latin1'))
  const whole = Buffer.from(added + text, 'latin1')
  return readMessage({
    addedBytes: added.length,
    headerBytes: added.length + object.headerBytes,
    size: whole.length,
    structure: () => object.structure(),
    async *stream(offset = 0, length = whole.length - offset) {
      for (let at = offset; at < offset + length; at += pieceBytes) {
        yield whole.subarray(at, Math.min(at + pieceBytes, offset + length))
      }
    },
  })
}

async function text(stream: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream ?? []) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

const leaves = (message: SieveMessage, part: Part): readonly Part[] => {
  const parts = message.parts(part)
  return parts.length === 0 ? [part] : parts.flatMap((each) => leaves(message, each))
}

const random = seededRandom('edited messages')
const below = (count: number) => Math.floor(random() * count)

/** A part with its header; some of its delimiters are missing. */
function generated(depth: number): string {
  const kind = depth === 0 ? 2 : below(4)
  if (kind === 0) {
    const boundary = `b${below(4)}`
    const parts = Array.from(
      { length: below(4) },
      () => `--${boundary}\r\n${generated(depth - 1)}\r\n`,
    )
    const end = below(3) > 0 ? `--${boundary}--\r\n` : ''
    return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\nbefore\r\n${parts.join('')}${end}behind`
  }
  if (kind === 1) return `Content-Type: message/rfc822\r\n\r\n${generated(depth - 1)}`
  return (
    ['\r\nplain', 'X: y\r\n\r\n', 'Content-Type: text/html\r\n\r\n<p>\r\n--b1', 'X: y'][below(4)] ??
    ''
  )
}

describe('a message that was edited', () => {
  it('is the same where every part was replaced by itself', async () => {
    for (let i = 0; i < 300; i++) {
      const source = generated(3)
      const original = stored(source, 1 + below(50))
      let message = original
      const root = message.structure()
      for (const part of leaves(message, root)) {
        // One without a header of its own is what stands before the delimiters of a multipart that has no parts.
        if (part === root || part.header[1] === 0) continue
        const entity = (await text(original.rawHeader(part))) + (await text(original.content(part)))
        if (!/\r\n\r\n|^\r\n/.test(entity)) continue
        message = message.withPart(part, Buffer.from(entity, 'latin1')).message
      }
      const lines = await message.lines()
      const whole = await text(message.withLines(lines).changed?.())
      const expected = added + source
      // What had no line end before a delimiter may have got one.
      expect(whole.replaceAll('\r\n', ''), JSON.stringify(source)).toBe(
        expected.replaceAll('\r\n', ''),
      )
    }
  })

  it('has its fields before those that were added for its owner, and the rest as it came', async () => {
    const source = `Subject: x\r\n\r\n${'body '.repeat(400_000)}`
    const message = stored(source, 60_000)
    const lines = withField(await message.lines(), headerLine('X: y'), 'first')
    const edited = message.withLines(lines)
    expect(await text(edited.changed?.())).toBe(`X: y\r\n${added}${source}`)
    expect(await text(edited.body())).toBe(source.slice(14))
    expect(edited.size).toBe(message.size)
    expect(message.changed).toBeUndefined()
    expect((await message.header()).values('x')).toEqual([])
    expect((await edited.header()).values('x')).toEqual(['y'])
    expect((await edited.header()).values('return-path')).toEqual(['<a@b.example>'])
  })

  it('keeps what of a header is too long to be looked at', async () => {
    const source = `Subject: x\r\n${`X-Long: ${'z'.repeat(60_000)}\r\n`.repeat(30)}\r\nbody`
    const message = stored(source, 60_000)
    const lines = withField(await message.lines(), headerLine('X: y'), 'last')
    const whole = await text(message.withLines(lines).changed?.())
    expect(whole.replace('X: y\r\n', '')).toBe(added + source)
  })

  it('reads parts of large messages', async () => {
    const source = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: y\r\n\r\n${'z'.repeat(1_200_000)}\r\n--b\r\nX: q\r\n\r\nend\r\n--b--\r\n`
    const message = stored(source, 60_000)
    const [, last] = message.parts(message.structure())
    if (last === undefined) throw new Error('two parts')
    expect((await message.partHeader(last)).values('x')).toEqual(['q'])
    expect(await text(message.content(last))).toBe('end')
    const edited = message.withPart(last, Buffer.from('X: new\r\n\r\nother')).message
    expect(await text(edited.changed?.())).toBe(
      added + source.replace('X: q\r\n\r\nend', 'X: new\r\n\r\nother'),
    )
  })
})
