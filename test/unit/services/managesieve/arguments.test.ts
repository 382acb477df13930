// The grammar of RFC 5804 §4, from bytes as the reader hands them on.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arguments, ManageSieveSyntaxError } from '#services/managesieve/arguments.ts'
import { QUOTED_BYTES_MAX } from '#services/managesieve/config.ts'
import { formatString } from '#services/managesieve/strings.ts'
import { CommandReader, type Segment } from '#shared/imap/command-reader.ts'
import '#test/support/seed.ts'

/** The first command in these bytes, as the connection gets it. */
function segmentsOf(bytes: Uint8Array): readonly Segment[] | undefined {
  const reader = new CommandReader()
  reader.push(Buffer.from(bytes))
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event.kind === 'command') return event.segments
    if (event.kind !== 'literal') return undefined
    if (event.literal.synchronising || event.malformed || !event.fits) return undefined
    reader.buffer()
  }
  return undefined
}

const asSent = (text: string) => formatString(text).replace(/^\{(\d+)\}/, '{$1+}')

describe('strings', () => {
  it('come back as they were written, whatever is in them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('"', '\\', '\r', '\n', '\0', '{1+}', 'ü'), maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const line = `NOOP${texts.map((each) => ` ${asSent(each)}`).join('')}\r\n`
        const args = new Arguments(segmentsOf(Buffer.from(line)) ?? [])
        expect(args.atom()).toBe('NOOP')
        for (const each of texts) {
          expect(args.takesSpace()).toBe(true)
          expect(args.string()).toBe(each)
        }
        args.end()
      }),
    )
  })

  it.each([
    [QUOTED_BYTES_MAX, /^"x+"$/],
    [QUOTED_BYTES_MAX + 1, /^\{1025\}\r\nx+$/],
  ])('of %i octets are written as %s', (octets, written) => {
    expect(formatString('x'.repeat(octets))).toMatch(written)
  })
})

describe('any bytes', () => {
  it('are read, or refused as bad grammar', () => {
    const word = fc.constantFrom(
      'PUTSCRIPT',
      ' ',
      '"',
      '\\',
      '{3+}\r\n',
      '{0+}\r\n',
      'abc',
      '12',
      '\r\n',
    )
    const bytes = fc.oneof(
      fc.array(word, { maxLength: 12 }).map((words) => Buffer.from(`${words.join('')}\r\n`)),
      fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.concat([some, Buffer.from('\r\n')])),
    )
    fc.assert(
      fc.property(bytes, (given) => {
        const args = new Arguments(segmentsOf(given) ?? [])
        try {
          args.atom()
          args.space()
          args.string()
          if (args.takesSpace()) args.number()
          args.end()
        } catch (error) {
          expect(error).toBeInstanceOf(ManageSieveSyntaxError)
        }
      }),
    )
  })
})
