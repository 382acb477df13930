import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineEndCheck } from '#shared/text/line-ends.ts'

function check(...chunks: readonly string[]) {
  const lineEnds = new LineEndCheck()
  for (const chunk of chunks) lineEnds.push(Buffer.from(chunk))
  lineEnds.finish()
  return lineEnds.fault
}

describe('LineEndCheck', () => {
  it.each([
    ['', undefined],
    ['a\r\n\r\nb', undefined],
    ['a\nb', 'bare-lf'],
    ['\n', 'bare-lf'],
    ['a\rb', 'bare-cr'],
    ['a\r\r\n', 'bare-cr'],
    ['a\r', 'bare-cr'],
    ['a\n\r', 'bare-lf'],
  ])('says of %j: %s', (text, fault) => {
    expect(check(text)).toBe(fault)
  })

  it('says the same however the text is chunked', () => {
    const text = fc.array(fc.constantFrom('a', '\r', '\n', '\r\n')).map((all) => all.join(''))
    fc.assert(
      fc.property(text, (all) => {
        expect(check(...all)).toBe(check(all))
      }),
    )
  })
})
