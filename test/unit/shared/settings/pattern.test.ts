import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPattern, PATTERN_TEXT_CHARACTERS_MAX } from '#shared/settings/pattern.ts'
import '#test/support/seed.ts'

describe('an expression of an administrator', () => {
  // Most are of postgrey's own list.
  it.each([
    ['^ms-smtp.*\\.rr\\.com$', 'ms-smtp-01.texas.rr.com', 'xms-smtp-01.texas.rr.com'],
    ['^s[cv]\\d+pub\\.verizon\\.net$', 'SC001pub.verizon.net', 'sx001pub.verizon.net'],
    ['^mx\\d+\\..*\\.inode\\.at$', 'mx7.a.inode.at', 'mx7.inode.at'],
    ['^pim-\\d+-\\d+\\.sender\\.test$', 'pim-1-2.sender.test', 'pim-1-.sender.test'],
    ['^(?:smtp\\w*|postfix)[0-9]+-g[0-9]+\\.free\\.fr$', 'smtpx1-g2.free.fr', 'smtp-g2.free.fr'],
    ['^.*?.server.arvato-systems.de$', 'a.server.arvato-systems.de', 'server.arvato-systems.de'],
    ['pool', 'a.pool.test', 'a.test'],
    ['^a(?:-\\d+)?\\.test$', 'a-12.test', 'a-.test'],
    ['^[^.]+\\.[a-z]{2,3}$', 'host.net', 'host.info'],
    ['\\bgood\\b', 'a.good.test', 'a.goods.test'],
    ['^(a|b)(c|d)*$', 'bcdc', 'bcae'],
    ['^[\\]x]\\x2e\\u0061$', '].A', ']xa'],
    ['^$', '', 'a'],
    ['^(a*)*$', 'aaa', 'aab'],
  ])('%s', (source, yes, no) => {
    const matches = createPattern(source)
    expect([matches?.(yes), matches?.(no)]).toEqual([true, false])
  })

  it.each([
    '(a)\\1',
    '(?=a)a',
    '(?!a)b',
    '(?<=a)b',
    '(?<n>a)',
    '(?<n>a)\\k<n>',
    '(',
    '[a',
    'a)',
    '*a',
    'a**',
    '(?:a{60}){60}',
    '((((((((((((((((((((((a))))))))))))))))))))))',
    'x'.repeat(301),
  ])('%.40s is refused', (source) => expect(createPattern(source)).toBeUndefined())

  it.each(['(a+)+$', '^(?:a|aa)*$', '^(?:a?){30}a{30}$', 'a.*a.*a.*a.*b', '(.*)(.*)(.*)(.*)x'])(
    '%s takes no time for what is made to be slow',
    (source) => {
      // An engine that goes back does not come back.
      expect(createPattern(source)?.(`${'a'.repeat(500)}!`)).toBe(false)
    },
  )

  it('looks at the beginning of a long text', () => {
    const matches = createPattern('b')
    const filling = 'a'.repeat(PATTERN_TEXT_CHARACTERS_MAX - 1)
    expect([matches?.(`${filling}b`), matches?.(`${filling}ab`)]).toEqual([true, false])
  })

  it("finds what JavaScript's own finds", () => {
    const atom = fc.constantFrom(
      'a',
      'B',
      '.',
      '\\d',
      '\\.',
      '[ab]',
      '[^a]',
      '\\w',
      '\\b',
      '-',
      '1',
    )
    const source = fc.letrec<{ one: string; many: string }>((tie) => ({
      one: fc.oneof(
        { maxDepth: 2 },
        atom,
        tie('many').map((inner) => `(?:${inner})`),
      ),
      many: fc
        .array(
          fc.tuple(tie('one'), fc.constantFrom('', '', '*', '+', '?', '{2}', '{0,2}', '{1,}')),
          {
            minLength: 1,
            maxLength: 4,
          },
        )
        .chain((parts) => {
          // A place is not repeated.
          const text = parts.map(([one, times]) => (one === '\\b' ? one : one + times)).join('')
          return fc.constantFrom(text, `^${text}`, `${text}$`, `${text}|a`)
        }),
    })).many
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'A', '.', '-', '1', 'ü'),
      maxLength: 8,
    })
    fc.assert(
      fc.property(source, text, (written, given) => {
        fc.pre(written.length <= 300)
        expect(createPattern(written)?.(given)).toBe(new RegExp(written, 'i').test(given))
      }),
      { numRuns: 2_000 },
    )
  })
})
