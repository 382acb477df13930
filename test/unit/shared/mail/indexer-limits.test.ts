import { describe, expect, it } from 'vitest'
import { BOUNDARY_BYTES_MAX } from '#shared/mail/index/open-boundaries.ts'
import { DELIVERED_TO_FIELDS_MAX } from '#shared/mail/index/part-tree.ts'
import { INDEX_TEXT_BYTES_MAX } from '#shared/mail/index/text-budget.ts'
import { encodeIndex } from '#shared/mail/index-codec.ts'
import {
  ENVELOPE_ADDRESSES_MAX,
  HEADER_INDEXED_BYTES_MAX,
  PART_DEPTH_MAX,
  PARTS_MAX,
  type Part,
} from '#shared/mail/message-index.ts'
import { ITEM_BYTES_MAX } from '#shared/storage/ports.ts'
import { indexOf } from './index-of.ts'

describe('MessageIndexer at its limits', () => {
  describe('PART_DEPTH_MAX', () => {
    for (const [what, make] of [
      ['multiparts', nestedMultiparts],
      ['messages', nestedMessages],
    ] as const) {
      it(`has ${what} down to it`, () => {
        const parts = chain(indexOf(make(PART_DEPTH_MAX - 1)).structure)
        expect(parts.length).toBe(PART_DEPTH_MAX)
        expect(parts.at(-1)).toMatchObject({ kind: 'leaf', type: 'text' })
      })
      it(`has ${what} beyond it as an opaque leaf`, () => {
        const parts = chain(indexOf(make(PART_DEPTH_MAX)).structure)
        expect(parts.length).toBe(PART_DEPTH_MAX)
        expect(parts.at(-1)).toMatchObject({
          kind: 'leaf',
          type: 'application',
          subtype: 'octet-stream',
        })
      })
    }
  })

  describe('PARTS_MAX', () => {
    // The multipart itself is a part too.
    it('is reached by as many parts', () => {
      const { structure } = indexOf(flat(PARTS_MAX - 2))
      expect(count(structure)).toBe(PARTS_MAX - 1)
      expect(children(structure).at(-1)).toMatchObject({
        type: 'text',
        body: [expect.anything(), 1],
      })
    })
    it('makes the last part an opaque leaf with all the rest', () => {
      for (const parts of [PARTS_MAX - 1, PARTS_MAX, 3 * PARTS_MAX]) {
        const message = flat(parts)
        const { structure } = indexOf(message)
        expect(count(structure)).toBe(PARTS_MAX)
        const last = children(structure).at(-1)
        expect(last).toMatchObject({ type: 'application', subtype: 'octet-stream', parameters: [] })
        expect((last?.body[0] ?? 0) + (last?.body[1] ?? 0)).toBe(message.length)
      }
    })
    it('holds for multiparts without parts', () => {
      const part = '--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n'
      const message = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(3 * PARTS_MAX)}`
      expect(count(indexOf(message).structure)).toBeLessThanOrEqual(PARTS_MAX)
    })
    it('holds when the last part before it is a message', () => {
      const message = 'Content-Type: message/rfc822\r\n\r\n\r\nx\r\n'
      for (let parts = PARTS_MAX - 6; parts < PARTS_MAX; parts++) {
        const open = flat(parts).replace(/--$/, '')
        const { structure } = indexOf(`${open}\r\n${message}${'--b\r\n\r\nx\r\n'.repeat(10)}`)
        expect(count(structure)).toBe(PARTS_MAX)
      }
    })
    it('holds for messages', () => {
      const part = '--b\r\nContent-Type: message/rfc822\r\n\r\n'
      const message = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(3 * PARTS_MAX)}`
      expect(count(indexOf(message).structure)).toBeLessThanOrEqual(PARTS_MAX)
    })
  })

  describe('HEADER_INDEXED_BYTES_MAX', () => {
    const subject = 'Subject: s\r\n'
    const header = (bytes: number) =>
      `${'X: y\r\n'.repeat(50_000).slice(0, bytes - 2)}\r\n${subject}`
    it('lets a field be seen that ends at it', () => {
      const message = `${header(HEADER_INDEXED_BYTES_MAX - subject.length)}\r\nbody`
      expect(indexOf(message).envelope.subject).toBe('s')
    })
    it('hides a field that goes beyond it, and counts its bytes', () => {
      const message = `${header(HEADER_INDEXED_BYTES_MAX - subject.length + 1)}\r\nbody`
      for (const sizes of [undefined, [1000]]) {
        expect(indexOf(message, sizes)).toMatchObject({
          headerBytes: message.length - 4,
          envelope: { subject: null },
        })
      }
    })
    it('is counted anew for each part', () => {
      const part = `--b\r\nX: ${'x'.repeat(200_000)}\r\nContent-Type: text/html\r\n\r\nx\r\n`
      const message = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${part}${part}`
      const types = children(indexOf(message, [1000]).structure).map(({ subtype }) => subtype)
      expect(types).toEqual(['html', 'html'])
    })
  })

  describe('BOUNDARY_BYTES_MAX', () => {
    const message = (bytes: number) => {
      const boundary = 'b'.repeat(bytes)
      return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n\r\nx\r\n--${boundary}--`
    }
    it('is a boundary that is found in any pieces', () => {
      for (const sizes of [undefined, [1], [500]]) {
        const [part] = children(indexOf(message(BOUNDARY_BYTES_MAX), sizes).structure)
        expect(part?.body[1]).toBe(1)
      }
    })
    it('makes a longer one unusable', () => {
      const { structure } = indexOf(message(BOUNDARY_BYTES_MAX + 1))
      expect(children(structure)).toMatchObject([{ body: structure.body }])
    })
  })

  // What is not linear does not end within the time a test has.
  describe('10 MB in one part or header', () => {
    const multipart = 'Content-Type: multipart/mixed; boundary=abcdefgh\r\n\r\n--abcdefgh\r\n'
    const rows: readonly [string, string, string][] = [
      ['of LF', '\r\n', '\n'],
      ['without line end', '\r\n', 'x'],
      ['of dashes alone', `${multipart}\r\n`, '--\r\n'],
      ['of one line of dashes', `${multipart}\r\n`, '-'],
      ['of the beginning of a boundary', `${multipart}\r\n`, '--abcdefg\r\n'],
      ['of delimiters', `${multipart}\r\n`, '--abcdefgh\r\n'],
      ['of lines without colon', '', 'no field\r\n'],
      ['of one folded field', 'To: ', 'a@b,\r\n '],
      ['of opening parentheses', 'To: ', '('],
      ['of quotes', 'To: ', '"'],
      ['of routes', 'To: <', '@a,'],
      ['of angle brackets', 'To: ', '<'],
      ['of parameters', 'Content-Type: multipart/mixed; ', 'boundary*1=b; '],
      ['of blanks', 'Content-Type: text/plain; a=', ' '],
    ]
    for (const [what, head, repeated] of rows) {
      it(`${what} takes linear time`, () => {
        const message = Buffer.alloc(10_000_000, repeated)
        message.write(head, 'latin1')
        expect(indexOf(message, [65_536]).bytes).toBe(message.length)
      })
    }
  })

  it('keeps ENVELOPE_ADDRESSES_MAX addresses of a list', () => {
    const to = (addresses: number) => `To: ${'a@b,'.repeat(addresses)}\r\n\r\n`
    expect(indexOf(to(ENVELOPE_ADDRESSES_MAX)).envelope.to?.length).toBe(ENVELOPE_ADDRESSES_MAX)
    expect(indexOf(to(ENVELOPE_ADDRESSES_MAX + 1)).envelope.to?.length).toBe(ENVELOPE_ADDRESSES_MAX)
  })

  it('keeps DELIVERED_TO_FIELDS_MAX Delivered-To fields', () => {
    const message = (fields: number) => `${'Delivered-To: a@b\r\n'.repeat(fields)}\r\n`
    for (const fields of [DELIVERED_TO_FIELDS_MAX - 1, DELIVERED_TO_FIELDS_MAX]) {
      expect(indexOf(message(fields)).deliveredTo.length).toBe(fields)
    }
    const index = indexOf(message(DELIVERED_TO_FIELDS_MAX + 1))
    expect(index.deliveredTo.length).toBe(DELIVERED_TO_FIELDS_MAX)
  })

  describe('INDEX_TEXT_BYTES_MAX', () => {
    const subject = (bytes: number) => `Subject: ${'s'.repeat(bytes)}\r\nMessage-ID: <a>\r\n\r\n`
    it('lets a long field be kept', () => {
      const bytes = INDEX_TEXT_BYTES_MAX - 100
      expect(indexOf(subject(bytes)).envelope.subject?.length).toBe(bytes)
    })
    it('leaves out what does not fit, and nothing else', () => {
      expect(indexOf(subject(INDEX_TEXT_BYTES_MAX)).envelope).toMatchObject({
        subject: null,
        messageId: '<a>',
      })
    })
    it('cuts a list of addresses and ends its group', () => {
      const { to } = indexOf(`To: g: ${`${'n'.repeat(500)} <a@b>,`.repeat(500)};\r\n\r\n`).envelope
      expect(to?.length).toBeLessThan(500)
      expect(to?.at(0)).toMatchObject({ mailbox: 'g', host: null })
      expect(to?.at(-1)).toMatchObject({ mailbox: null, host: null })
    })
    it('keeps an encoded index small enough for a table item, whatever the message', () => {
      const token = 'x'.repeat(120)
      const field = (name: string) => `${name}: ${'v'.repeat(1000)}\r\n`
      const headers = [
        `Content-Type: ${token}/${token}; ${'a=b;'.repeat(100)}\r\nContent-Disposition: ${token}\r\nContent-Transfer-Encoding: ${token}\r\n`,
        `Content-Type: message/rfc822\r\n\r\n${['From', 'To', 'Subject'].map(field).join('')}`,
        ['Content-ID', 'Content-Description', 'Content-Location'].map(field).join(''),
        'Content-Type: multipart/mixed; boundary=c\r\n',
        '',
      ]
      for (const header of headers) {
        const part = `--b\r\n${header}\r\nx\r\n`
        const message = `${field('Subject')}Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(PARTS_MAX)}`
        expect(encodeIndex(indexOf(message)).length).toBeLessThan(0.75 * ITEM_BYTES_MAX)
      }
    })
  })
})

function nestedMultiparts(depth: number): string {
  const level = (i: number) => `Content-Type: multipart/mixed; boundary=b${i}x\r\n\r\n--b${i}x\r\n`
  return `${Array.from({ length: depth }, (_, i) => level(i)).join('')}\r\ninnermost`
}

function nestedMessages(depth: number): string {
  return `${'Content-Type: message/rfc822\r\n\r\n'.repeat(depth)}Subject: s\r\n\r\ninnermost`
}

function flat(parts: number): string {
  return `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(parts)}--b--`
}

function children(part: Part): readonly Part[] {
  if (part.kind === 'message') return [part.message]
  return part.kind === 'multipart' ? part.parts : []
}

/** From the root down, always to the first child. */
function chain(part: Part): Part[] {
  const [first] = children(part)
  return first === undefined ? [part] : [part, ...chain(first)]
}

function count(part: Part): number {
  return children(part).reduce((sum, child) => sum + count(child), 1)
}
