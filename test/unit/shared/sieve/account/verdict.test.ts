import { describe, expect, it } from 'vitest'
import { headerFields } from '#shared/mail/header-field.ts'
import { type VerdictOptions, verdictOf } from '#shared/sieve/account/verdict.ts'
import { Header } from '#shared/sieve/message.ts'

const none: VerdictOptions = {
  sieveSpamtestStatusHeader: '',
  sieveSpamtestStatusType: 'score',
  sieveSpamtestMaxValue: 10,
  sieveVirustestStatusHeader: '',
}
const score = { sieveSpamtestStatusHeader: 'X-Spam-Status' } as const
const bar = { sieveSpamtestStatusHeader: 'X-Bar', sieveSpamtestStatusType: 'strlen' } as const
const virus = { sieveVirustestStatusHeader: 'X-Virus' } as const
const header = (fields: string) => new Header(headerFields(Buffer.from(`${fields}\r\n\r\n`)))

describe('what policy found', () => {
  it.each<[string, Partial<VerdictOptions>, boolean, number | undefined]>([
    ['Subject: x', {}, false, undefined],
    ['Subject: x', {}, true, 100],
    ['X-Spam: Yes', {}, false, 100],
    ['X-Spam: No', {}, false, undefined],
    ['X-Spam-Status: Yes, score=7.5 required=5.0', score, false, 75],
    ['X-Spam-Status: -3.2 / 15.00', score, false, 0],
    ['X-Spam-Status: 99', score, false, 100],
    ['X-Spam-Status: none', score, false, undefined],
    ['Subject: x', score, false, undefined],
    ['Subject: x', score, true, 100],
    ['X-Bar: *****', bar, false, 50],
    ['X-Bar: +', bar, false, 10],
  ])('of %j is spam by so many percent', (fields, options, isJunk, percent) => {
    const found = verdictOf(header(fields), isJunk, { ...none, ...options })
    expect(found).toEqual({ spamPercent: percent, virus: 0 })
  })

  it.each<[string, number]>([
    ['X-Virus: 3', 3],
    ['X-Virus: Clean', 1],
    ['X-Virus: No viruses', 1],
    ['X-Virus: Eicar-Signature', 5],
    ['Subject: x', 0],
  ])('of %j is a virus by RFC 5235', (fields, value) => {
    expect(verdictOf(header(fields), false, { ...none, ...virus }).virus).toBe(value)
  })
})
