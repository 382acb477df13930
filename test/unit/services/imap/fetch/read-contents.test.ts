import { describe, expect, it } from 'vitest'
import { type Content, HELD_BYTES_MAX } from '#services/imap/fetch/content.ts'
import { planFetch } from '#services/imap/fetch/plan.ts'
import { readContents } from '#services/imap/fetch/read-contents.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { parseFetchAtts } from '#shared/imap/fetch-att.ts'
import { UnknownEncoding } from '#shared/message/decoded-part.ts'
import { HELD_BYTES_PER_HEADER_BYTE } from '#shared/message/header-subset.ts'
import { MessageLost, StoredMessage } from '#shared/message/stored-message.ts'
import { storedMessage } from '#test/support/stored-message.ts'

const prepend = 'Delivered-To: ann@example.test\r\n'
const blobPrepend = 'Received: from remote\r\n'
const added = prepend + blobPrepend
const header = 'Subject: s\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n'

const given = {
  uid: false,
  modSeq: false,
  condstore: false,
  readOnly: true,
  messageForm: 'rfc822',
  isRecent: () => false,
} as const

/** What the items of a FETCH come to. */
const contents = async (stored: ReturnType<typeof storedMessage>, items: string) =>
  (await read(stored, items)).contents

async function read(stored: ReturnType<typeof storedMessage>, items: string) {
  const cursor = new Cursor([{ kind: 'text', bytes: Buffer.from(items) }])
  const plan = planFetch(parseFetchAtts(cursor), given)
  const message = new StoredMessage(stored.object, stored.blob, stored.record.prepend)
  return readContents(message, plan.items, { withoutPreview: false })
}

async function text(content: Content | undefined): Promise<string | number | undefined> {
  switch (content?.kind) {
    case 'pieces':
      return Buffer.concat(content.pieces).toString('latin1')
    case 'stream': {
      const pieces: Uint8Array[] = []
      for await (const piece of content.open()) pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      expect(bytes.length, 'as announced').toBe(content.bytes)
      return bytes.toString('latin1')
    }
    case 'number':
      return content.value
    case 'string':
      return content.text
    case 'deferred':
      return text(await content.read())
    default:
      return content?.kind
  }
}

const texts = async (stored: ReturnType<typeof storedMessage>, items: string) =>
  Promise.all((await contents(stored, items)).map(text))

const part = (encoding: string, body: string) =>
  `--x\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`

describe('readContents', () => {
  const object = `${header}${part('7bit', 'one')}${part('7bit', 'two')}--x--\r\n`

  it('shows 0x80 for NUL, held or streamed, and NUL where it may', async () => {
    for (const bytes of [10, 3 * HELD_BYTES_MAX]) {
      const body = `${'a\0'.repeat(bytes / 2)}\r\n`
      const stored = storedMessage(`Subject: s\0\r\n\r\n${body}`)
      const shown = body.replaceAll('\0', '\x80')
      expect(await texts(stored, '(BODY[TEXT] BODY[HEADER.FIELDS (SUBJECT)])')).toEqual([
        shown,
        'Subject: s\x80\r\n\r\n',
      ])
      expect(await texts(stored, '(BINARY[1] BODY[TEXT]<1.2>)')).toEqual([body, '\x80a'])
      // What was read is others' too.
      expect(await texts(stored, '(BINARY[1])')).toEqual([body])
    }
  })

  it('reads the added header fields as the beginning of message and header', async () => {
    const stored = storedMessage(object, { prepend, blobPrepend })
    expect(await texts(stored, '(BODY[] BODY[HEADER] BODY[TEXT] BODY[2])')).toEqual([
      added + object,
      added + header,
      object.slice(header.length),
      'two',
    ])
  })

  it('filters added header fields too', async () => {
    const stored = storedMessage(object, { prepend, blobPrepend })
    expect(await texts(stored, 'BODY[HEADER.FIELDS (Subject Delivered-To)]')).toEqual([
      `${prepend}Subject: s\r\n\r\n`,
    ])
  })

  it('cuts ranges across the end of the added fields', async () => {
    const stored = storedMessage(object, { prepend, blobPrepend })
    const from = prepend.length - 3
    const length = blobPrepend.length + 10
    expect(await texts(stored, `BODY[]<${from}.${length}>`)).toEqual([
      (added + object).slice(from, from + length),
    ])
  })

  it('reads once for all items of a small message, and nothing for what is added', async () => {
    const stored = storedMessage(object, { prepend })
    await contents(stored, '(BODY[1] BODY[2] BODY[HEADER.FIELDS (Subject)] PREVIEW)')
    expect(stored.object).toMatchObject({ reads: 1, streams: 0 })
    await contents(stored, 'BODY[]<0.10>')
    expect(stored.object.reads).toBe(1)
  })

  it('streams what is large', async () => {
    const large = `Subject: large\r\n\r\n${'0123456789\r\n'.repeat(HELD_BYTES_MAX / 8)}`
    const stored = storedMessage(large, { prepend })
    const [whole, beginning] = await contents(stored, '(BODY[] BODY[]<5.20>)')
    expect(whole?.kind).toBe('stream')
    expect(beginning?.kind).toBe('pieces')
    expect(await text(whole)).toBe(prepend + large)
    expect(await text(beginning)).toBe((prepend + large).slice(5, 25))
  })

  it('fails before it promises a stream of an object that is gone', async () => {
    const stored = storedMessage(`Subject: large\r\n\r\n${'x'.repeat(HELD_BYTES_MAX)}`)
    stored.object.deleted = true
    await expect(contents(stored, 'BODY[]')).rejects.toBeInstanceOf(MessageLost)
  })

  it('fails with MessageLost where the object is gone or cut', async () => {
    const gone = storedMessage(object)
    gone.object.deleted = true
    await expect(contents(gone, 'BODY[]')).rejects.toBeInstanceOf(MessageLost)
    const cut = storedMessage(object)
    Object.assign(cut.object, { bytes: cut.object.bytes.subarray(0, 20) })
    await expect(contents(cut, 'BODY[]')).rejects.toBeInstanceOf(MessageLost)
  })
})

describe('readContents of more than is held', () => {
  /** Items with names of their own, so that none is answered by another. */
  const many = (count: number, item: (i: number) => string) =>
    `(${Array.from({ length: count }, (_, i) => item(i)).join(' ')})`
  const kinds = async (stored: ReturnType<typeof storedMessage>, items: string) => {
    const counts: Record<string, number> = {}
    for (const content of await contents(stored, items)) {
      counts[content?.kind ?? ''] = (counts[content?.kind ?? ''] ?? 0) + 1
    }
    return counts
  }

  it('leaves the fields of a long header for later, and reads it once for all of them', async () => {
    const long = `${Array.from({ length: 20_000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')}\r\n`
    const stored = storedMessage(`${long}body`, { prepend })
    const items = many(200, (i) => `BODY.PEEK[HEADER.FIELDS.NOT (X-${i})]`)
    expect(await kinds(stored, items)).toEqual({ deferred: 200 })
    stored.object.reads = 0
    const all = await texts(stored, items)
    expect(stored.object.reads).toBe(1)
    expect(all[7]).toBe(prepend + long.replace('X-7: 7\r\n', ''))
    const { deferredBytes } = await read(stored, items)
    expect(deferredBytes).toBe((prepend.length + long.length) * HELD_BYTES_PER_HEADER_BYTE)
  })

  it('holds some contents and leaves the others for later', async () => {
    const stored = storedMessage(`Subject: s\r\n\r\n${'0123456789'.repeat(20_000)}`)
    const items = many(100, (i) => `BODY.PEEK[]<${i * 100}.60000>`)
    expect(await kinds(stored, items)).toEqual({ pieces: 4, deferred: 96 })
    const whole = stored.object.bytes.subarray('before'.length).toString('latin1')
    expect((await texts(stored, items))[99]).toBe(whole.slice(9_900, 69_900))
    const fields = many(100, (i) => `BODY.PEEK[HEADER.FIELDS.NOT (X-${i})]`)
    const short = storedMessage(`${'A: b\r\n'.repeat(5_000)}\r\n`)
    expect(await kinds(short, fields)).toEqual({ pieces: 8, deferred: 92 })
    const parts = many(100, (i) => `BINARY.PEEK[2]<${i}.9>`)
    const encoded = storedMessage(
      `${header}${part('7bit', '')}${part('base64', 'YWJj'.repeat(10_000))}--x--\r\n`,
    )
    expect(await kinds(encoded, parts)).toEqual({ pieces: 6, deferred: 94 })
    expect((await texts(encoded, parts))[98]).toBe('cabcabcab')
  })

  it('says beforehand what can not be read later', async () => {
    const parts = many(10, (i) => `BINARY.PEEK[1]<${i}.9>`)
    const items = `(BODY.PEEK[HEADER.FIELDS (A)] BODY.PEEK[TEXT]<0.60000> ${parts.slice(1)}`
    const odd = storedMessage(`${header}${part('x-odd', 'YWJj'.repeat(50_000))}--x--\r\n`)
    await expect(contents(odd, items)).rejects.toBeInstanceOf(UnknownEncoding)
    const gone = storedMessage(`${'A: b\r\n'.repeat(20_000)}\r\n`)
    gone.object.deleted = true
    await expect(contents(gone, 'BODY[HEADER.FIELDS (A)]')).rejects.toBeInstanceOf(MessageLost)
  })
})

describe('readContents of BINARY', () => {
  const plain = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251))
  const encoded = plain.toString('base64').replace(/.{76}/g, '$&\r\n')
  const object = `${header}${part('base64', encoded)}${part('base64', 'YWJj')}--x--\r\n`

  it('decodes large parts twice instead of keeping them', async () => {
    const stored = storedMessage(object, { prepend })
    const [content] = await contents(stored, 'BINARY[1]')
    expect(content).toMatchObject({ kind: 'stream', bytes: plain.length, binary: true })
    expect(await text(content)).toBe(plain.toString('latin1'))
    expect(await texts(stored, 'BINARY.SIZE[1]')).toEqual([plain.length])
  })

  it('takes ranges of the decoded bytes', async () => {
    const stored = storedMessage(object)
    const expected = plain.subarray(150_001, 250_001).toString('latin1')
    expect(await texts(stored, '(BINARY[1]<150001.100000> BINARY[1]<299998.10>)')).toEqual([
      expected,
      plain.subarray(299_998).toString('latin1'),
    ])
    expect(await texts(stored, '(BINARY[2]<1.1> BINARY[2]<9.1> BINARY.SIZE[2])')).toEqual([
      'b',
      '',
      3,
    ])
  })

  it('gives a multipart and the whole message as they are', async () => {
    const stored = storedMessage(object, { prepend })
    expect(await texts(stored, '(BINARY[] BINARY.SIZE[])')).toEqual([
      prepend + object,
      stored.record.size,
    ])
  })

  it('refuses encodings that are not known', async () => {
    const stored = storedMessage(`${header}${part('x-binhex', ':abc:')}--x--\r\n`)
    await expect(contents(stored, 'BINARY[1]')).rejects.toBeInstanceOf(UnknownEncoding)
    await expect(contents(stored, 'BINARY.SIZE[1]')).rejects.toBeInstanceOf(UnknownEncoding)
  })
})
