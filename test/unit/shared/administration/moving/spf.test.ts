import { describe, expect, it } from 'vitest'
import {
  mergedSpf,
  otherTexts,
  spfHolds,
  spfNames,
  spfOf,
  spfWithout,
} from '#shared/administration/moving/cut-over/spf.ts'

describe('SPF of two systems', () => {
  it.each([
    // What stands at the end goes on to hold for everybody else.
    ['v=spf1 include:amazonses.com -all', 'v=spf1 mx ~all', 'v=spf1 include:amazonses.com mx -all'],
    ['v=spf1  MX  ip4:192.0.2.1  ?all', 'v=spf1 mx ~all', 'v=spf1 MX ip4:192.0.2.1 ?all'],
    ['v=spf1 a redirect=_spf.a.test', 'v=spf1 mx ~all', 'v=spf1 a mx redirect=_spf.a.test'],
    // Without an end it was neutral for everybody else.
    ['v=spf1 a', 'v=spf1 mx -all', 'v=spf1 a mx ~all'],
    ['v=spf1', 'v=spf1 mx -all', 'v=spf1 mx ~all'],
    [undefined, 'v=spf1 mx ~all', 'v=spf1 mx ~all'],
  ])('joins %s and %s', (theirs, ours, both) => {
    expect(mergedSpf(theirs, ours)).toBe(both)
    expect(spfHolds(both, ours)).toBe(true)
    expect(mergedSpf(both, ours)).toBe(both)
  })

  it('takes a term out, whatever stands before it', () => {
    expect(spfWithout('v=spf1 +include:AmazonSES.com mx -all', 'include:amazonses.com')).toBe(
      'v=spf1 mx -all',
    )
    expect(spfNames('v=spf1 ?include:amazonses.com mx', 'include:amazonses.com')).toBe(true)
    expect(spfNames('v=spf1 include:amazonses.com.evil.test', 'include:amazonses.com')).toBe(false)
  })

  it('finds the record among others', () => {
    const texts = ['v=spf10 mx', 'verification=v=spf1', 'V=SPF1 mx']
    expect(spfOf(texts)).toBe('V=SPF1 mx')
    expect(otherTexts(texts)).toEqual(['v=spf10 mx', 'verification=v=spf1'])
    expect(spfHolds('v=spf1 mx', 'v=spf1 mx a ~all')).toBe(false)
  })
})
