import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DotStuffing } from '#services/pop3/dot-stuffing.ts'

function stuff(...chunks: readonly string[]): string {
  const stuffing = new DotStuffing()
  const pushed = chunks.map((chunk) => Buffer.from(stuffing.push(Buffer.from(chunk, 'latin1'))))
  return Buffer.concat([...pushed, stuffing.finish()]).toString('latin1')
}

/** RFC 1939 §3, by the letter: lines end in CRLF, the one dot line ends it all. */
function unstuff(text: string): string {
  expect(text.endsWith('\r\n.\r\n') || text === '.\r\n').toBe(true)
  return text.slice(0, -3).replace(/(^|\n)\.\./g, '$1.')
}

describe('dot-stuffing', () => {
  it.each([
    ['nothing', '', '.\r\n'],
    ['an ended line', 'a\r\n', 'a\r\n.\r\n'],
    ['a line without end', 'a', 'a\r\n.\r\n'],
    ['a line ended by CR', 'a\r', 'a\r\r\n.\r\n'],
    ['a line ended by LF', 'a\n', 'a\n\r\n.\r\n'],
    ['one LF', '\n', '\n\r\n.\r\n'],
    ['a dot', '.', '..\r\n.\r\n'],
    ['a dot line', '.\r\n', '..\r\n.\r\n'],
    ['dots inside', 'a.b.\r\n', 'a.b.\r\n.\r\n'],
    ['what would end it', 'a\r\n.\r\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['what would end it for an LF reader', 'a\n.\nb\r\n', 'a\n..\nb\r\n.\r\n'],
  ])('stuffs %s', (_, message, expected) => {
    expect(stuff(message)).toBe(expected)
    expect(stuff(...message), 'byte by byte').toBe(expected)
  })

  it('can be undone, and in any chunking writes the same', () => {
    const piece = fc.constantFrom('.', '\r\n', '\n', '\r', 'a', '..', '\r\n.', 'long text ')
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 12 })), (parts) => {
        const chunks = parts.map((part) => part.join(''))
        const message = chunks.join('')
        const stuffed = stuff(...chunks)
        expect(stuffed).toBe(stuff(message))
        const ended = message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`
        expect(unstuff(stuffed)).toBe(ended)
      }),
    )
  })

  it('passes on what needs no stuffing without copying it', () => {
    const chunk = Buffer.from('a\r\nb.c\r\n')
    expect(new DotStuffing().push(chunk)).toBe(chunk)
  })

  it('takes any Uint8Array', () => {
    const stuffing = new DotStuffing()
    const view = new Uint8Array(Buffer.from('xx\n.yy')).subarray(1, 5)
    expect(Buffer.from(stuffing.push(view)).toString()).toBe('x\n..y')
  })
})
