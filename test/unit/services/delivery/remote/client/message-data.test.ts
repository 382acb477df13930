import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageData } from '#services/delivery/remote/client/message-data.ts'
import { DotUnstuffing } from '#shared/text/dot-stuffing.ts'

function encode(
  text: Uint8Array,
  options: { readonly cuts?: readonly number[]; readonly stuffsDots?: boolean } = {},
) {
  const { cuts = [], stuffsDots = true } = options
  const data = new MessageData({ stuffsDots })
  const pieces: Uint8Array[] = []
  let from = 0
  for (const to of [
    ...cuts.filter((cut) => cut <= text.length).sort((a, b) => a - b),
    text.length,
  ]) {
    pieces.push(data.push(text.subarray(from, to)))
    from = to
  }
  return Buffer.concat([...pieces, Buffer.from(data.finish())])
}

const of = (text: string, stuffsDots?: boolean) =>
  encode(Buffer.from(text), stuffsDots === undefined ? {} : { stuffsDots }).toString()

/** Much of what matters in little text. */
const text = fc
  .array(fc.constantFrom('\r\n', '\r', '\n', '.', 'a', 'é'), { maxLength: 60 })
  .map((all) => Buffer.from(all.join('')))

describe('MessageData', () => {
  it.each([
    ['', ''],
    ['a', 'a\r\n'],
    ['a\r\n', 'a\r\n'],
    ['.\r\n', '..\r\n'],
    ['a\r\n.\r\n..b\r\n', 'a\r\n..\r\n...b\r\n'],
    // RFC 5321 §2.3.8: neither CR nor LF leaves alone.
    ['a\nb', 'a\r\nb\r\n'],
    ['a\rb', 'a\r\nb\r\n'],
    ['a\n.\n', 'a\r\n..\r\n'],
    ['a\r.\r', 'a\r\n..\r\n'],
    ['a\r\r\n', 'a\r\n\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['a.b\r\nc.', 'a.b\r\nc.\r\n'],
  ])('writes %j as %j', (from, to) => {
    expect(of(from)).toBe(to)
  })

  it('leaves dots as they are for BDAT', () => {
    expect(of('.\r\n..\n', false)).toBe('.\r\n..\r\n')
  })

  it('writes the same however the text is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(60)), (bytes, cuts) => {
        expect(encode(bytes, { cuts })).toEqual(encode(bytes))
      }),
    )
  })

  it('is what a server reads, without an end in the midst of it', () => {
    fc.assert(
      fc.property(text, (bytes) => {
        const reader = new DotUnstuffing()
        const wire = Buffer.concat([encode(bytes), Buffer.from('.\r\nQUIT')])
        const read = Buffer.from(reader.push(wire))
        expect(reader.fault).toBeUndefined()
        expect(reader.rest?.toString()).toBe('QUIT')
        expect(read).toEqual(encode(bytes, { stuffsDots: false }))
      }),
    )
  })

  it('passes on a chunk that needs no change', () => {
    const chunk = Buffer.from('Subject: x\r\n\r\nx.\r\n')
    expect(new MessageData({ stuffsDots: true }).push(chunk)).toBe(chunk)
  })
})
