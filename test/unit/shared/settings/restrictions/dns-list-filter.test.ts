import { describe, expect, it } from 'vitest'
import {
  keysOf,
  parseDnsList,
  passesFilter,
} from '#shared/settings/restrictions/dns-list-filter.ts'

/** Which of these answers the filter of a list lets pass. */
function passing(text: string, ...answers: readonly string[]): readonly string[] {
  const filter = parseDnsList(text)?.filter
  if (filter === undefined) throw new Error(text)
  return answers.filter((answer) => passesFilter(filter, answer))
}

describe('a DNS list in a list of restrictions', () => {
  it('is a zone', () => {
    expect(parseDnsList('Zen.Spamhaus.org')).toEqual({
      text: 'zen.spamhaus.org',
      zone: 'zen.spamhaus.org',
    })
    expect(parseDnsList('zen.spamhaus.org.')?.zone).toBe('zen.spamhaus.org')
  })

  it('may have a filter, whose octets are numbers or sets', () => {
    expect(passing('a.test=127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.1.2')).toEqual([
      '127.0.0.2',
    ])
    expect(
      passing('a.test=127.0.0.[2;4..7]', ...[1, 2, 3, 4, 7, 8].map((n) => `127.0.0.${n}`)),
    ).toEqual(['127.0.0.2', '127.0.0.4', '127.0.0.7'])
    expect(
      passing('a.test=127.0.[0..255].[1..3]', '127.0.0.0', '127.0.255.3', '127.0.7.1'),
    ).toEqual(['127.0.255.3', '127.0.7.1'])
    expect(passing('a.test=[10;127].0.0.[2]', '10.0.0.2', '127.0.0.2', '11.0.0.2')).toHaveLength(2)
  })

  it('may need a key', () => {
    expect(keysOf(parseDnsList('<dqs>.zen.dq.spamhaus.net')?.zone ?? '')).toEqual(['dqs'])
    expect(keysOf('zen.spamhaus.org')).toEqual([])
  })

  it.each([
    '',
    'localhost',
    '192.0.2.1',
    'a..test',
    'a b.test',
    '-a.test',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(100)}test`,
    '<>.test',
    'x<dqs>.test',
    'a.test=',
    'a.test=127.0.0',
    'a.test=127.0.0.2.3',
    'a.test=127.0.0.256',
    'a.test=127.0.0.-1',
    'a.test=127.0.0.2..4',
    'a.test=127.0.0.[4..2]',
    'a.test=127.0.0.[2..4..6]',
    'a.test=127.0.0.[]',
    'a.test=127.0.0.[2',
    'a.test=127.0.0.2]',
    'a.test=127.0.0.[[2]]',
    'a.test=127.0.0.[2],3',
    `a.test=127.0.0.[${'2;'.repeat(100)}2]`,
  ])('is not %s', (text) => {
    expect(parseDnsList(text)).toBeUndefined()
  })
})
