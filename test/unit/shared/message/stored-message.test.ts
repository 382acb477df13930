import { describe, expect, it } from 'vitest'
import { MessageLost, StoredMessage } from '#shared/message/stored-message.ts'
import { storedMessage } from '#test/support/stored-message.ts'

const prepend = 'Delivered-To: ann@example.test\r\n'
const blobPrepend = 'Received: from remote\r\n'
const header = 'Subject: s\r\n\r\n'

function opened(body: string) {
  const stored = storedMessage(header + body, { prepend, blobPrepend })
  const message = new StoredMessage(stored.object, stored.blob, prepend)
  const read = async (...range: [offset?: number, length?: number]) => {
    const pieces: Uint8Array[] = []
    for await (const piece of message.stream(...range)) pieces.push(piece)
    return Buffer.concat(pieces).toString('latin1')
  }
  return { ...stored, message, read, text: prepend + blobPrepend + header + body }
}

describe('StoredMessage', () => {
  it('is the fields of the recipient, those that were added, and the object', async () => {
    const { message, read, text } = opened('body\r\n')
    expect(await read()).toBe(text)
    expect(message.size).toBe(text.length)
    expect(message.headerBytes).toBe(text.length - 'body\r\n'.length)
  })

  it('is read by range, whatever the range begins and ends in', async () => {
    const { read, text } = opened('body\r\n')
    for (let offset = 0; offset <= text.length; offset += 7) {
      for (let length = 0; length <= text.length + 3; length += 5) {
        expect(await read(offset, length)).toBe(text.slice(offset, offset + length))
      }
      expect(await read(offset)).toBe(text.slice(offset))
    }
  })

  it('reads nothing of the object for what was added', async () => {
    const { read, object } = opened('body\r\n')
    expect(await read(0, prepend.length + blobPrepend.length)).toBe(prepend + blobPrepend)
    expect([object.reads, object.streams]).toEqual([0, 0])
  })

  it('reads what is small at once and streams what is large', async () => {
    const small = opened('body\r\n')
    await small.read()
    expect([small.object.reads, small.object.streams]).toEqual([1, 0])
    const large = opened('b'.repeat(65_536))
    expect(await large.read()).toBe(large.text)
    expect([large.object.reads, large.object.streams]).toEqual([0, 1])
  })

  it.each([10, 100_000])('fails when the object of %d bytes is gone', async (bytes) => {
    const { read, object } = opened('b'.repeat(bytes))
    object.deleted = true
    await expect(read()).rejects.toThrow('missing')
  })

  it('fails when the object is cut', async () => {
    const { read, message, object } = opened('body\r\n')
    object.read = async () => Buffer.from('bod')
    await expect(read()).rejects.toBeInstanceOf(MessageLost)
    await expect(message.pieces([0, message.size])).rejects.toBeInstanceOf(MessageLost)
  })

  it('fails at the end of what is left of a large object that is cut', async () => {
    const { read, message, object } = opened('b'.repeat(100_000))
    object.cutAt = 90_000
    await expect(read()).rejects.toBeInstanceOf(MessageLost)
    await expect(read(40, 80_000)).resolves.toHaveLength(80_000)
    await expect(message.check()).resolves.toBeUndefined()
  })

  it('cannot be promised as a stream where the object is shorter than where it ends', async () => {
    const { message, object, blob } = opened('body\r\n')
    await expect(message.check()).resolves.toBeUndefined()
    const { offset, length } = blob.object
    object.size = async () => offset + length - 1
    const again = new StoredMessage(object, blob, prepend)
    await expect(again.check()).rejects.toBeInstanceOf(MessageLost)
  })

  it('reads once what is held', async () => {
    const { message, object, text } = opened('body\r\n')
    await message.hold([0, message.size])
    for (const span of [
      [0, 10],
      [40, 20],
      [0, message.size],
    ] as const) {
      const pieces = await message.pieces(span)
      expect(Buffer.concat(pieces).toString()).toBe(text.slice(span[0], span[0] + span[1]))
    }
    expect(object.reads).toBe(1)
  })

  it('knows its structure without being read', () => {
    const { message, object } = opened('body\r\n')
    expect(message.structure().type).toBe('text')
    expect(message.index().envelope.subject).toBe('s')
    expect([object.reads, object.streams]).toEqual([0, 0])
  })
})
