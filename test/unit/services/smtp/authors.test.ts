import { describe, expect, it } from 'vitest'
import { authorsIn } from '#services/smtp/authors.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { HeaderReader } from '#shared/mail/header-reader.ts'
import { HEADER_INDEXED_BYTES_MAX } from '#shared/mail/message-index.ts'

function authorsOf(message: string, chunkBytes = message.length) {
  const header = new HeaderReader(HEADER_INDEXED_BYTES_MAX)
  const bytes = Buffer.from(message)
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    header.push(bytes.subarray(at, at + chunkBytes))
  }
  return authorsIn(header.text)
}

describe('the authors in a header', () => {
  const message = [
    'Subject: x',
    'fROM : "ceo@corp.test" <alice@example.test>,',
    ' bob@example.test',
    'From: Group: carol@example.test, "a b"@example.test;',
    'Sender: (x) Grüße <grüße@exämple.test>',
    'Resent-From: dora@example.test',
    '',
    'From: body@example.test',
    '',
    '',
  ].join('\r\n')
  const found = {
    from: ['alice@example.test', 'bob@example.test', 'carol@example.test', '"a b"@example.test'],
    sender: ['grüße@exämple.test'],
  }

  it('are all addresses of all From and Sender fields, and none of the body', () => {
    expect(authorsOf(message)).toEqual(found)
  })

  it('are the same whatever the pieces are', () => {
    for (const chunkBytes of [1, 2, 3, 5, 7]) expect(authorsOf(message, chunkBytes)).toEqual(found)
  })

  it.each([
    ['', [], []],
    ['\r\nFrom: body@example.test\r\n', [], []],
    ['Subject: x\r\n', [], []],
    // Without an end, and without an address.
    ['From: a@example.test', ['a@example.test'], []],
    ['From: \r\nSender:\r\n\r\n', [''], []],
    ['From: Undisclosed authors:;\r\n\r\n', ['Undisclosed authors:;'], []],
    ['From: root\r\n\r\n', ['root'], []],
    ['Sender: ceo@corp.test alice@example.test\r\n\r\n', [], expect.any(Array)],
  ])('of %j are %j and %j', (text, from, sender) => {
    expect(authorsOf(text)).toEqual({ from, sender })
  })

  it('are never one address made of two', () => {
    for (const text of [
      'a@x.test b@y.test',
      'a@x.test <b@y.test> c@z.test',
      '<a@x.test> <b@y.test>',
    ]) {
      const { from } = authorsOf(`From: ${text}\r\n\r\n`)
      expect(from, text).not.toEqual(['a@x.test'])
    }
  })

  it.each([
    'ceo@corp.test <a@x.test>',
    'ceo @ corp . test <a@x.test>',
    '<a@x.test> ceo@corp.test',
    'ceo@corp.test a@x.test',
    'a@x.test ceo@corp.test',
    'ceo@corp.test: a@x.test;',
    '<@ceo@corp.test:a@x.test>',
    '=?utf-8?q?<ceo@corp.test>?= <a@x.test>',
    '=?utf-8?q?,ceo@corp.test,?= <a@x.test>',
  ])('are those too that only some readers see: %s', (text) => {
    expect(authorsOf(`From: ${text}\r\n\r\n`).from).toContain('ceo@corp.test')
  })

  it('are not what stands in quotes, comments and encoded words', () => {
    for (const name of ['"ceo@corp.test"', '(ceo@corp.test)', '=?utf-8?q?ceo=40corp.test?=']) {
      expect(authorsOf(`From: ${name} <a@x.test>\r\n\r\n`).from).toEqual(['a@x.test'])
    }
  })

  it.each([
    `${'a@x.test, '.repeat(1_000)}ceo@corp.test`,
    `a@x.test, ${'x '.repeat(20_000)}<ceo@corp.test>`,
    `${'a, '.repeat(1_000)}ceo, a@x.test`,
  ])('are unknown in a list that is longer than what is read of it', (text) => {
    const { from } = authorsOf(`From: ${text}\r\n\r\n`)
    expect(from.map((each) => parseAddress(each))).toEqual([undefined])
  })

  it('are unknown in a header with more fields than are read', () => {
    const authors = authorsOf(`${'From: a@x.test\r\n'.repeat(20)}Sender: b@x.test\r\n\r\n`)
    expect(authors.from.map((each) => parseAddress(each))).toEqual([undefined])
    expect(authorsOf(`${'From: a@x.test\r\n'.repeat(20)}\r\n`).from).toHaveLength(20)
  })

  it('are cut where they are longer than any address', () => {
    const { from } = authorsOf(`From: alice@example.test${'x'.repeat(100_000)}\r\n\r\n`)
    expect(from).toHaveLength(1)
    expect(from[0]).toMatch(/^alice@example.testx{82}…$/)
    expect(parseAddress(from[0] ?? '')).toBeUndefined()
  })

  it('are unknown where the header is longer than anybody reads', () => {
    const line = `X: ${'x'.repeat(996)}\r\n`
    const fill = line.repeat(Math.floor(HEADER_INDEXED_BYTES_MAX / line.length) - 1)
    const short = new HeaderReader(HEADER_INDEXED_BYTES_MAX)
    short.push(Buffer.from(`${fill}From: a@example.test\r\n\r\n`))
    short.push(Buffer.alloc(HEADER_INDEXED_BYTES_MAX))
    expect(short.tooLong).toBe(false)
    expect(authorsIn(short.text).from).toEqual(['a@example.test'])
    const long = new HeaderReader(HEADER_INDEXED_BYTES_MAX)
    for (const chunk of [fill, line, line, line]) long.push(Buffer.from(chunk))
    expect(long.tooLong).toBe(true)
  })
})
