import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DotUnstuffing } from '#shared/text/dot-stuffing.ts'

/** Pushes the text in pieces of these lengths, then the rest. */
function unstuff(text: string, lengths: readonly number[] = []) {
  const unstuffing = new DotUnstuffing()
  let content = ''
  let at = 0
  for (const length of [...lengths, text.length]) {
    const chunk = Buffer.from(text.slice(at, at + length), 'latin1')
    at += length
    content += unstuffing.push(chunk).toString('latin1')
    if (unstuffing.rest) {
      const rest = unstuffing.rest.toString('latin1') + text.slice(at)
      return { content, rest, fault: unstuffing.fault }
    }
  }
  return { content, rest: undefined, fault: unstuffing.fault }
}

function stuff(content: string): string {
  return `${content.replace(/^\./, '..').replaceAll('\r\n.', '\r\n..')}.\r\n`
}

describe('DotUnstuffing', () => {
  it.each([
    // RFC 5321 §4.5.2
    ['.\r\n', ''],
    ['..\r\n.\r\n', '.\r\n'],
    ['...\r\n.\r\n', '..\r\n'],
    ['a\r\n.b\r\n.\r\n', 'a\r\nb\r\n'],
    ['a.\r\n.\r\n', 'a.\r\n'],
    ['\r\n\r\n.\r\n', '\r\n\r\n'],
  ])('reads %j as %j', (sent, content) => {
    expect(unstuff(`${sent}NEXT`)).toEqual({ content, rest: 'NEXT', fault: undefined })
  })

  it.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r\r\n', '\r\r\n.\r\r\n'])(
    'takes %j for a fault and for no end',
    (form) => {
      const { rest, fault } = unstuff(`a${form}b\r\n.\r\n`)
      expect(rest).toBe('')
      expect(fault).toMatch(/^bare-/)
    },
  )

  it('names the first fault', () => {
    expect(unstuff('a\nb\rc\r\n.\r\n').fault).toBe('bare-lf')
    expect(unstuff('a\rb\nc\r\n.\r\n').fault).toBe('bare-cr')
  })

  it('gives back any text without bare line ends, in any chunking', () => {
    const piece = fc.constantFrom('a', '.', '..', '\r\n', '\r\n.', '\0', '\xff')
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        fc.array(fc.nat({ max: 4 })),
        (text, lengths) => {
          const content = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
          const read = unstuff(`${stuff(content)}NEXT`, lengths)
          expect(read).toEqual({ content, rest: 'NEXT', fault: undefined })
        },
      ),
    )
  })

  it('finds the same end and the same fault in any bytes however they are chunked', () => {
    const piece = fc.constantFrom('a', '.', '\r', '\n', '\r\n.\r\n')
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        fc.array(fc.nat({ max: 3 })),
        (text, lengths) => {
          const whole = unstuff(text)
          const chunked = unstuff(text, lengths)
          expect([chunked.rest, chunked.fault]).toEqual([whole.rest, whole.fault])
          if (!whole.fault) expect(chunked.content).toBe(whole.content)
        },
      ),
    )
  })
})
