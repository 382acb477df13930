import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageIndexer } from '#shared/mail/indexer.ts'

describe('endsLine of the indexer', () => {
  it('says whether the last line has its CRLF, however the bytes come', () => {
    const unit = fc.constantFrom('\r', '\n', '\r\n', 'a', 'Subject: x\r\n', 'x'.repeat(300))
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), fc.nat(20), (units, cut) => {
        const text = units.join('')
        const indexer = new MessageIndexer()
        indexer.push(Buffer.from(text.slice(0, cut)))
        indexer.push(Buffer.from(text.slice(cut)))
        indexer.finish()
        expect(indexer.endsLine).toBe(text === '' || text.endsWith('\r\n'))
      }),
    )
  })
})
