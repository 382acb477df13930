import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QUOTED_BYTES_MAX, ResponseWriter } from '#shared/imap/response-writer.ts'
import { parseSequenceSet } from '#shared/imap/sequence-set.ts'
import { utf8Bytes } from './cursor-of.ts'
import { readResponse } from './read-response.ts'

function written(write: (to: ResponseWriter) => void, utf8 = false): string {
  const writer = new ResponseWriter()
  writer.utf8 = utf8
  write(writer)
  return writer.takeBuffer().toString('latin1')
}

const byteString = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))
const oddString = fc.oneof(
  byteString,
  fc.string({ unit: fc.constantFrom('"', '\\', ' ', 'a', '\r', '\n', '\t', '\0', '\x7f', 'ü') }),
  fc.string({ unit: 'grapheme' }).map(utf8Bytes),
)

describe('ResponseWriter.string', () => {
  it.each([
    ['', '""'],
    ['hello world', '"hello world"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['tab\there', '"tab\there"'],
    ['a\r\nb', '{4}\r\na\r\nb'],
    ['a\nb', '{3}\r\na\nb'],
    ['a\x01b', '{3}\r\na\x01b'],
    ['a\x7f', '{2}\r\na\x7f'],
    ['caf\xe9', '{4}\r\ncaf\xe9'],
    ['a\0b', '{3}\r\na b'],
  ])('writes %j as %j', (text, result) => {
    expect(written((to) => to.string(text))).toBe(result)
    const bytes = Buffer.from(`..${text}..`, 'latin1')
    expect(written((to) => to.stringOfBytes(bytes, 2, bytes.length - 2))).toBe(result)
  })

  it('writes UTF-8 in quotes only after it was enabled, and never what is no UTF-8', () => {
    const name = utf8Bytes('Grüße')
    expect(written((to) => to.string(name))).toBe(`{7}\r\n${name}`)
    expect(written((to) => to.string(name), true)).toBe(`"${name}"`)
    expect(written((to) => to.string('caf\xe9'), true)).toBe('{4}\r\ncaf\xe9')
    expect(written((to) => to.string(`${name}\r`), true)).toBe(`{8}\r\n${name}\r`)
  })

  it('quotes up to the limit and writes a literal above it', () => {
    const text = 'x'.repeat(QUOTED_BYTES_MAX)
    expect(written((to) => to.string(text))).toBe(`"${text}"`)
    expect(written((to) => to.string(`${text}x`))).toBe(`{${QUOTED_BYTES_MAX + 1}}\r\n${text}x`)
    const bytes = Buffer.from(`${text}x`)
    expect(written((to) => to.stringOfBytes(bytes, 0, bytes.length))).toBe(
      `{${QUOTED_BYTES_MAX + 1}}\r\n${text}x`,
    )
  })

  it('is read back as it was, NUL aside', () => {
    fc.assert(
      fc.property(oddString, fc.boolean(), (text, utf8) => {
        const bytes = Buffer.from(
          written((to) => to.string(text), utf8),
          'latin1',
        )
        expect(readResponse(bytes, { utf8 })).toBe(text.replaceAll('\0', ' '))
        const source = Buffer.from(text, 'latin1')
        expect(written((to) => to.stringOfBytes(source, 0, source.length), utf8)).toBe(
          bytes.toString('latin1'),
        )
      }),
      { numRuns: 1000 },
    )
  })
})

describe('ResponseWriter.nstring and astring', () => {
  it.each([
    [null, 'NIL'],
    ['NIL', '"NIL"'],
    ['', '""'],
  ])('nstring writes %j as %s', (text, result) => {
    expect(written((to) => to.nstring(text))).toBe(result)
  })

  it.each([
    ['abc', 'abc'],
    ['a]b', 'a]b'],
    ['', '""'],
    ['nil', '"nil"'],
    ['a b', '"a b"'],
    ['a%', '"a%"'],
    ['a\\b', '"a\\\\b"'],
    ['a\r', '{2}\r\na\r'],
  ])('astring writes %j as %j', (text, result) => {
    expect(written((to) => to.astring(text))).toBe(result)
  })
})

describe('ResponseWriter.mailbox', () => {
  it('writes modified UTF-7 before UTF-8 was enabled and UTF-8 after', () => {
    expect(written((to) => to.mailbox('INBOX'))).toBe('INBOX')
    expect(written((to) => to.mailbox('A&B ü'))).toBe('"A&-B &APw-"')
    expect(written((to) => to.mailbox('A&B ü'), true)).toBe(`"A&B ${utf8Bytes('ü')}"`)
  })
})

describe('ResponseWriter.flags', () => {
  it('leaves out what is no flag', () => {
    expect(written((to) => to.flags(['\\Seen', 'a b', '', '\\', '$X', 'a]', 'ü', '\\*']))).toBe(
      '(\\Seen $X \\*)',
    )
    expect(written((to) => to.flags([]))).toBe('()')
  })
})

describe('ResponseWriter.status', () => {
  it.each([
    ['a1', { status: 'OK', text: 'NOOP completed' }, 'a1 OK NOOP completed'],
    [null, { status: 'BYE', text: 'gone' }, '* BYE gone'],
    [
      'a1',
      { status: 'NO', code: 'TRYCREATE', text: 'no such mailbox' },
      'a1 NO [TRYCREATE] no such mailbox',
    ],
    // resp-text: the text has no line ends, is not empty, and does not begin like a code.
    ['a1', { status: 'BAD', text: 'a\r\n* BYE' }, 'a1 BAD a?* BYE'],
    ['a1', { status: 'OK', text: '' }, 'a1 OK ()'],
    ['a1', { status: 'OK', text: '[x' }, 'a1 OK ([x)'],
    ['a1', { status: 'OK', text: 'Grüße' }, 'a1 OK Gr?e'],
  ] as const)('writes for %j %j', (tag, response, line) => {
    expect(written((to) => to.status(tag, response))).toBe(`${line}\r\n`)
  })

  it('writes a continuation', () => {
    expect(written((to) => to.continuation('idling'))).toBe('+ idling\r\n')
  })
})

describe('ResponseWriter', () => {
  it('writes numbers, sets and literals', () => {
    expect(
      written((to) => {
        to.raw('* ')
        to.number(12)
        to.raw(' X ')
        to.sequenceSet(parseSequenceSet('1:3,9'))
        to.raw(' ')
        to.nil()
        to.raw(' ')
        to.literal(Buffer.from('ab'))
        to.raw(' ')
        to.literal(Buffer.from('a\0'), { binary: true })
        to.endLine()
      }),
    ).toBe('* 12 X 1:3,9 NIL {2}\r\nab ~{2}\r\na\0\r\n')
  })

  it('keeps everything in order over many takes and any sizes', () => {
    const writer = new ResponseWriter()
    const expected: string[] = []
    const taken: Buffer[] = []
    for (let i = 0; i < 300; i++) {
      const text = `${i}:${'x'.repeat((i * 379) % 9000)};`
      expected.push(text)
      if (i % 3 === 0) writer.raw(text)
      else writer.verbatim(Buffer.from(text.repeat(1)))
      if (i % 50 === 0) {
        const large = Buffer.alloc(100_000, `${i % 10}`)
        writer.literal(large)
        expected.push(`{100000}\r\n${large.toString()}`)
      }
      if (i % 37 === 0) taken.push(...writer.take())
    }
    taken.push(...writer.take())
    expect(Buffer.concat(taken).toString()).toBe(expected.join(''))
    expect(writer.bytes).toBe(0)
    expect(writer.take()).toEqual([])
  })

  it('counts the bytes collected', () => {
    const writer = new ResponseWriter()
    writer.raw('abc')
    expect(writer.bytes).toBe(3)
    writer.verbatim(Buffer.alloc(50_000))
    writer.endLine()
    expect(writer.bytes).toBe(50_005)
  })

  it('does not copy a large literal, nor change what was taken', () => {
    const writer = new ResponseWriter()
    const large = Buffer.alloc(100_000, 'x')
    writer.literal(large)
    writer.endLine()
    const taken = writer.take()
    expect(taken.some((piece) => piece.buffer === large.buffer)).toBe(true)
    const before = Buffer.concat([...taken])
    writer.raw('y'.repeat(50_000))
    writer.take()
    expect(Buffer.concat([...taken]).equals(before)).toBe(true)
  })
})
