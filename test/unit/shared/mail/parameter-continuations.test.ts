import { describe, expect, it } from 'vitest'
import { parseContentType } from '#shared/mail/mime-parameters.ts'
import { joinContinuations } from '#shared/mail/parameter-continuations.ts'

const joined = (parameters: string) =>
  joinContinuations(parseContentType(`a/b; ${parameters}`)?.parameters ?? [])
    .map(([name, value]) => `${name}=${value}`)
    .join(' | ')

describe('joinContinuations', () => {
  const rows: readonly [string, string, string][] = [
    // RFC 2231 §3
    [
      'a value in sections',
      'URL*0="ftp://"; URL*1="cs.utk.edu/pub"; access-type=URL',
      'URL=ftp://cs.utk.edu/pub | access-type=URL',
    ],
    // RFC 2231 §4.1
    [
      'sections of which some are extended',
      `title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
      `title*=utf-8'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!`,
    ],
    ['sections in another order', 'n*1=b; n*0=a', 'n=ab'],
    ['another character set', `n*0*=iso-8859-1''B%FC; n*1=ch`, `n*=utf-8''B%C3%BCch`],
    ['a character cut between sections', `n*0*=utf-8''B%C3; n*1*=%BC`, `n*=utf-8''B%C3%BC`],
    ['an unknown character set', `n*0*=x-none'de'%FC; n*1=a`, `n*=x-none'de'%FCa`],
    ['no character set', `n*0*=%C3%BC; n*1=a`, `n*=utf-8''%C3%BCa`],
    [
      'apostrophes in later sections',
      `n*0*=utf-8''a; n*1*=b'c'd; n*2="e'f"`,
      `n*=utf-8''ab%27c%27de%27f`,
    ],
    ['a percent sign in a plain section', `n*0*=utf-8''a; n*1="%20"`, `n*=utf-8''a%2520`],
    ['letters in any case', 'Name*0=a; NAME*1=b', 'Name=ab'],
    ['a single section', 'n*0=a', 'n=a'],
    [
      'eleven sections',
      [...Array(11).keys()].map((n) => `n*${n}=${n}`).join(';'),
      'n=012345678910',
    ],
    // Left as they are.
    ['an extended value that is whole', `n*=utf-8''%C3%BC`, `n*=utf-8''%C3%BC`],
    ['no first section', 'n*1=b; n*2=c', 'n*1=b | n*2=c'],
    ['what is behind a gap', 'n*0=a; n*2=c', 'n=a | n*2=c'],
    ['a number with a zero before it', 'n*0=a; n*01=b', 'n=a | n*01=b'],
    ['a section twice', 'n*0=a; n*0=b', 'n=a | n*0=b'],
    ['sections beside the whole', 'n*0=a; n*1=b; n=x', 'n*0=a | n*1=b | n=x'],
    [
      'extended ones beside a plain one',
      `n=x; n*0*=utf-8''%C3; n*1*=%BC`,
      `n=x | n*=utf-8''%C3%BC`,
    ],
    ['names that only look so', 'n*01=a; *0=b; n*x=c; n*0*1=d', 'n*01=a | *0=b | n*x=c | n*0*1=d'],
  ]
  it.each(rows)('%s', (_, parameters, expected) => {
    expect(joined(parameters)).toBe(expected)
  })

  it('leaves parameters without a section alone', () => {
    const parameters = [['a', 'b']] as const
    expect(joinContinuations(parameters)).toBe(parameters)
  })
})
