import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FIELD_NAME_BYTES_MAX } from '#shared/mail/header-line.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { corpus, fixture, fixtureNames } from '#test/support/corpus.ts'
import { describeIndex } from './describe-index.ts'
import { indexOf } from './index-of.ts'

describe('MessageIndexer', () => {
  describe('on the committed messages', () => {
    for (const name of fixtureNames()) {
      it(`finds the structure of ${name}`, () => {
        const message = fixture(name)
        expect(describeIndex(indexOf(message), message)).toBe(structure(name))
      })
      it(`finds the same in ${name} byte by byte and in pieces`, () => {
        const message = fixture(name)
        const whole = indexOf(message)
        for (const size of [1, 2, 3, 7, 64]) expect(indexOf(message, [size])).toEqual(whole)
      })
    }
  })

  it('finds the same in large and odd messages in pieces of any size', () => {
    for (const { name, bytes } of corpus()) {
      const sizes = bytes.length > 1_000_000 ? [65_536, 1, 70_001] : [1, 1000, 3]
      expect(indexOf(bytes, sizes), name).toEqual(indexOf(bytes))
    }
  })

  it('takes a header of 150 KB byte by byte', () => {
    const message = `${'X-Field: value\r\n'.repeat(9_000)}Subject: last\r\n\r\nbody`
    expect(indexOf(message, [1]).envelope.subject).toBe('last')
  })

  describe('facts of the bytes', () => {
    it('are size and hash of all that was pushed', () => {
      const message = fixture('outlook-nested')
      expect(indexOf(message, [100])).toMatchObject({
        bytes: message.length,
        sha256: createHash('sha256').update(message).digest('hex'),
      })
    })
    const rows: readonly [string, string, object][] = [
      ['an empty message', '', { bytes: 0, lines: 0, headerBytes: 0, lineBytesMax: 0 }],
      ['an unended last line', 'a\r\nbc', { lines: 2, lineBytesMax: 2 }],
      ['an ended last line', 'abc\r\nb\r\n', { lines: 2, lineBytesMax: 3 }],
      ['bare LF', 'abc\nb\n', { lines: 2, lineBytesMax: 3 }],
      ['a bare CR, which ends no line', 'abc\rb\r', { lines: 1, lineBytesMax: 6 }],
      ['CR CR LF, of which one CR is content', 'abc\r\r\n', { lines: 1, lineBytesMax: 4 }],
      ['a NUL', 'A: b\r\n\r\n\0', { containsNul: true, eightBit: false }],
      ['a byte above 127', 'A: b\r\n\r\n\x80', { containsNul: false, eightBit: true }],
      ['neither', 'A: b\r\n\r\n\x7f\x01', { containsNul: false, eightBit: false }],
    ]
    for (const [what, message, expected] of rows) {
      it(`tell ${what}`, () => {
        expect(indexOf(message)).toMatchObject(expected)
        expect(indexOf(message, [1])).toMatchObject(expected)
      })
    }
  })

  describe('headers', () => {
    it.each([
      ['Subject: a\r\nsubject: b\r\n\r\n', true],
      ['Message-ID: <a>\r\nX: y\r\nMessage-Id: <b>\r\n\r\n', true],
      ['Subject: a\r\nTo: a@b\r\nTo: c@d\r\nReceived: x\r\nReceived: y\r\n\r\n', false],
      ['Subject: a\r\n\r\nSubject: b\r\n', false],
    ])('are known to repeat what the ENVELOPE has once: %j', (message, repeats) => {
      expect(indexOf(message).repeatsFields).toBe(repeats)
    })

    it('end at the first empty line only', () => {
      const index = indexOf('A: b\r\n \r\nSubject: s\r\n\r\nX: y\r\n\r\n')
      expect(index.headerBytes).toBe('A: b\r\n \r\nSubject: s\r\n\r\n'.length)
      expect(index.envelope.subject).toBe('s')
    })
    it.each([
      'no field',
      'word',
      'Gr\xfc\xdfe: x',
      ': x',
      'F\0: x',
      '--',
      'w'.repeat(3_000),
      `${'w'.repeat(FIELD_NAME_BYTES_MAX)}: x`,
    ])('end before a line that is no field, however it comes: %j', (line) => {
      const message = `A: b\r\n--c: d\r\n${line}\r\nSubject: s\r\n`
      const start = 'A: b\r\n--c: d\r\n'.length
      for (const sizes of [undefined, [1], [2, 3], [7], [1_000]]) {
        expect(indexOf(message, sizes)).toMatchObject({
          headerBytes: start,
          envelope: { subject: null },
          structure: { body: [start, message.length - start], lines: 2 },
        })
      }
    })
    it('are passed over where a message has only lines of an mbox before them', () => {
      for (const begin of ['From a Mon\r\n', '>From a\r\n>>From b\r\n']) {
        const message = `${begin}Subject: s\r\nFrom a\r\n`
        for (const sizes of [undefined, [1], [5]]) {
          expect(indexOf(message, sizes)).toMatchObject({
            headerBytes: begin.length + 'Subject: s\r\n'.length,
            envelope: { subject: 's' },
          })
        }
      }
    })
    it('end so in parts and in messages within', () => {
      const part = '--b\r\nplain text\r\n\r\n--b\r\nContent-Type: text/html\r\n<p> hi\r\n'
      const inner = '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\nno field\r\n'
      const nested = '--b\r\nContent-Type: message/rfc822\r\nno field\r\n--b--\r\n'
      const message = `Content-Type: multipart/mixed; boundary=b\r\n${part}${inner}${nested}`
      for (const sizes of [undefined, [1], [3], [50]]) {
        const { structure } = indexOf(message, sizes)
        const texts = structure.kind === 'multipart' ? structure.parts : []
        const text = (span: readonly [number, number]) => message.slice(span[0], span[0] + span[1])
        expect(texts.map(({ type, subtype, body }) => [type, subtype, text(body)])).toEqual([
          ['text', 'plain', 'plain text\r\n'],
          ['text', 'html', '<p> hi'],
          ['message', 'rfc822', 'Subject: i\r\nno field'],
          ['message', 'rfc822', 'no field'],
        ])
        expect(texts.map((one) => one.kind === 'message' && text(one.message.body))).toEqual([
          false,
          false,
          'no field',
          'no field',
        ])
      }
    })
    it('may be missing before an empty line', () => {
      expect(indexOf('\r\nSubject: s\r\n')).toMatchObject({
        headerBytes: 2,
        envelope: { subject: null },
        structure: { body: [2, 12] },
      })
    })
    it('may be all there is', () => {
      expect(indexOf('Subject: s')).toMatchObject({
        headerBytes: 10,
        envelope: { subject: 's' },
        structure: { header: [0, 10], body: [10, 0], lines: 0 },
      })
    })
    it('name their fields in any case', () => {
      expect(indexOf('SUBJECT: s\r\nmessage-id:<a@b>\r\n\r\n').has).toEqual([
        'message-id',
        'subject',
      ])
    })
    it('count Received fields', () => {
      expect(indexOf('Received: a\r\nreceived: b\r\n\r\nReceived: c\r\n').receivedFields).toBe(2)
    })
  })

  // RFC 2045 §5.2, RFC 2046 §5.1.5
  describe('types', () => {
    const rows: readonly [string, string, string][] = [
      ['a missing Content-Type', '', 'text/plain; charset=us-ascii'],
      ['an invalid one', 'Content-Type: nonsense', 'text/plain; charset=us-ascii'],
      ['an empty one', 'Content-Type:', 'text/plain; charset=us-ascii'],
      ['a valid one without charset', 'Content-Type: text/plain', 'text/plain'],
      ['upper case', 'Content-Type: IMAGE/Png; NAME=X', 'image/png; NAME=X'],
      [
        'a name that is too long',
        `Content-Type: ${'x'.repeat(128)}/y`,
        'text/plain; charset=us-ascii',
      ],
      ['the longest name', `Content-Type: ${'x'.repeat(127)}/y`, `${'x'.repeat(127)}/y`],
      ['message/partial', 'Content-Type: message/partial; id=x', 'message/partial; id=x'],
    ]
    for (const [what, field, expected] of rows) {
      it(`of ${what}`, () => {
        const part = indexOf(`${field}${field && '\r\n'}\r\nbody`).structure
        expect(part.kind).toBe('leaf')
        expect(typeOf(part)).toBe(expected)
      })
    }
    // RFC 2046 §5.2.1
    for (const encoding of ['7bit', '8BIT', 'binary', 'x-odd', '']) {
      it(`of a message part with encoding "${encoding}" is a message`, () => {
        const head = `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
        expect(indexOf(`${head}Subject: s\r\n\r\nx`).structure).toMatchObject({
          kind: 'message',
          envelope: { subject: 's' },
          message: { body: [head.length + 14, 1] },
        })
      })
    }
    for (const encoding of ['base64', 'Quoted-Printable']) {
      it(`of a message part with encoding "${encoding}" has no parts`, () => {
        const head = `Content-Type: message/global; name=x\r\nContent-Transfer-Encoding: ${encoding}\r\n`
        const part = indexOf(`${head}\r\nSubject: s\r\n\r\nx`).structure
        expect(part.kind).toBe('leaf')
        expect(typeOf(part)).toBe('message/global; name=x')
      })
    }
    it('of a message without bytes is a message with an empty text', () => {
      expect(indexOf('Content-Type: message/rfc822\r\n').structure).toMatchObject({
        kind: 'message',
        header: [0, 30],
        message: { kind: 'leaf', type: 'text', header: [30, 0], body: [30, 0] },
      })
    })
  })

  // RFC 2046 §5.1.1
  describe('delimiters', () => {
    const rows: readonly [string, string, string[]][] = [
      ['give the CRLF before them to the delimiter', '--b\r\n\r\none\r\n\r\n--b--', ['one\r\n']],
      ['follow a header at once', '--b\r\n\r\n--b\r\n\r\ntwo\r\n--b--', ['', 'two']],
      ['may be followed by white space', '--b \t\r\n\r\none\r\n--b--  \r\n', ['one']],
      ['may be unended', '--b\r\n\r\none\r\n--b', ['one', '']],
      ['need two dashes to close', '--b\r\n\r\none\r\n--b-\r\n\r\ntwo\r\n--b--', ['one', 'two']],
      ['stand at the beginning of a line', '--b\r\n\r\n --b\r\n-b\r\n--b--', [' --b\r\n-b']],
      ['are compared with case', '--b\r\n\r\n--B\r\n--b--', ['--B']],
      ['end with the closing one', '--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo', ['one']],
      ['may be ended by LF', '--b\n\none\n--b\n\ntwo\r\n--b--\n', ['one', 'two']],
      ['are not made by a bare CR', '--b\r\n\r\none\r--b\r\n--b--', ['one\r--b']],
    ]
    for (const [what, body, expected] of rows) {
      it(what, () => {
        const message = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${body}`
        for (const sizes of [undefined, [1], [2, 3]]) {
          const { structure } = indexOf(message, sizes)
          expect(bodies(structure, message)).toEqual(expected)
        }
      })
    }
    it('of the same boundary inside itself belong to the innermost that is open', () => {
      const field = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n'
      const message = `${field}--b\r\n${field}--b\r\n\r\ninner\r\n--b--\r\n--b\r\n\r\nouter\r\n--b--`
      const { structure } = indexOf(message)
      expect(bodies(structure, message)).toEqual(['--b\r\n\r\ninner\r\n--b--', 'inner', 'outer'])
    })
    it('of two multiparts one after the other leave nothing between them', () => {
      const inner = 'Content-Type: multipart/mixed; boundary=inner\r\n\r\n'
      const message = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${inner}--inner\r\n--b--`
      const { structure } = indexOf(message)
      // The line end after --inner belongs to both delimiters; the empty part begins after it.
      expect(bodies(structure, message)).toEqual(['--inner\r\n', ''])
    })
    it('with white space at the end of the boundary parameter are found', () => {
      const message = 'Content-Type: multipart/mixed; boundary="b "\r\n\r\n--b\r\n\r\nx\r\n--b--'
      expect(bodies(indexOf(message).structure, message)).toEqual(['x'])
    })
    it('with NUL and 8-bit bytes are found', () => {
      const message =
        'Content-Type: multipart/mixed; boundary="\0\xff"\r\n\r\n--\0\xff\r\n\r\nx\r\n--\0\xff--'
      expect(bodies(indexOf(message).structure, message)).toEqual(['x'])
    })
  })
})

function structure(name: string): string {
  const url = new URL(`../../../fixtures/messages/${name}.structure.txt`, import.meta.url)
  return readFileSync(url, 'utf8')
}

function typeOf({ type, subtype, parameters }: Part): string {
  return [`${type}/${subtype}`, ...parameters.map(([name, value]) => `${name}=${value}`)].join('; ')
}

/** Bodies of all parts below this one, depth first. */
function bodies(part: Part, message: string): string[] {
  if (part.kind !== 'multipart') return []
  return part.parts.flatMap((child) => {
    const [offset, length] = child.body
    return [message.slice(offset, offset + length), ...bodies(child, message)]
  })
}
