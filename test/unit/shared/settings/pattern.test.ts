import { describe, expect, it } from 'vitest'
import { createPattern, PATTERN_TEXT_CHARACTERS_MAX } from '#shared/settings/pattern.ts'

describe('an expression of an administrator', () => {
  // Most are of postgrey's own list.
  it.each([
    ['^ms-smtp.*\\.rr\\.com$', 'ms-smtp-01.texas.rr.com', 'xms-smtp-01.texas.rr.com'],
    ['^s[cv]\\d+pub\\.verizon\\.net$', 'SC001pub.verizon.net', 'sx001pub.verizon.net'],
    ['^mx\\d+\\..*\\.inode\\.at$', 'mx7.a.inode.at', 'mx7.inode.at'],
    ['^pim-\\d+-\\d+\\.sender\\.test$', 'pim-1-2.sender.test', 'pim-1-.sender.test'],
    ['^(?:mail|fallback-mx)\\d+\\.reg\\.test$', 'fallback-mx3.reg.test', 'relay3.reg.test'],
    ['pool', 'a.pool.test', 'a.test'],
    ['mail\\d+\\.telekom\\.de$', 'x.mail7.telekom.de', 'mail.telekom.de'],
    ['^a(?:-\\d+)?\\.test$', 'a-12.test', 'a-.test'],
    ['^[^.]+\\.[a-z]{2,3}$', 'host.net', 'host.info'],
  ])('%s', (source, yes, no) => {
    const matches = createPattern(source)
    expect([matches?.(yes), matches?.(no)]).toEqual([true, false])
  })

  it.each([
    '(a+)+$',
    '(?:a|aa)*$',
    '(a*)*',
    '(?:[a-z]+,?)*x',
    '^(?:x(?:a?)){3,}$',
    '(.*)(.*)(.*)x',
    'a.*b.*c',
    '^.*a.*b.*c',
    '(a)\\1',
    '(?=a)a',
    '(?<n>a)\\k<n>',
    '(',
    '[a',
    'a)',
    '*a',
    'x'.repeat(301),
  ])('%s is refused', (source) => expect(createPattern(source)).toBeUndefined())

  it('takes no longer for what is made to be slow', () => {
    const matches = createPattern('^a.*a.*b$')
    // Steps, not time: without a limit on the text this would be some 10^12 of them.
    expect(matches?.('a'.repeat(1_000_000))).toBe(false)
  })

  it('looks at the beginning of a long text', () => {
    const matches = createPattern('b')
    const filling = 'a'.repeat(PATTERN_TEXT_CHARACTERS_MAX - 1)
    expect([matches?.(`${filling}b`), matches?.(`${filling}ab`)]).toEqual([true, false])
  })
})
