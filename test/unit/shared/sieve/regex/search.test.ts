// The engine of :regex by itself: what POSIX.1 §9 says of extended regular expressions.

import { describe, expect, it } from 'vitest'
import type { Folding } from '#shared/sieve/regex/character-set.ts'
import { compileRegex } from '#shared/sieve/regex/program.ts'
import { search } from '#shared/sieve/regex/search.ts'
import { RegexSyntaxError } from '#shared/sieve/regex/syntax.ts'

function ran(pattern: string, text: string, wantsGroups: boolean, folding: Folding = 'none') {
  let steps = 0
  const looking = search(compileRegex(pattern, folding), text, wantsGroups, (count) => {
    steps += count
  })
  for (;;) {
    const { done, value } = looking.next()
    if (done) return { found: value, steps }
  }
}

/** `(0,4)(0,2)`: the whole and its groups; `no`. Whether it fits is asked both ways. */
function found(pattern: string, text: string, folding?: Folding): string {
  const { found: places } = ran(pattern, text, true, folding)
  expect(ran(pattern, text, false, folding).found !== undefined).toBe(places !== undefined)
  return places?.map((place) => (place ? `(${place.join()})` : '(?)')).join('') ?? 'no'
}

describe('an expression fits', () => {
  it.each([
    ['', 'abc', '(0,0)'],
    ['abc', 'xxabcx', '(2,5)'],
    ['abc', 'ab', 'no'],
    ['a.c', 'a\nc', 'no'],
    ['a.c', 'aäc', '(0,3)'],
    ['^.$', '😀', '(0,2)'],
    ['[😀-😂]', 'x😁', '(1,3)'],
    ['a*', 'aaab', '(0,3)'],
    ['a+', 'baab', '(1,3)'],
    ['ab?c', 'ac', '(0,2)'],
    ['ab{2}c', 'abbc', '(0,4)'],
    ['ab{2}c', 'abc', 'no'],
    ['ab{1,2}c', 'abbbc', 'no'],
    ['ab{2,}c', 'abbbbc', '(0,6)'],
    ['ab{0}c', 'ac', '(0,2)'],
    ['a||b', 'b', '(0,1)'],
    ['x()y', 'xy', '(0,2)(1,1)'],
    ['a|b|cd', 'xcd', '(1,3)'],
    ['^a', 'ba', 'no'],
    ['a$', 'ab', 'no'],
    ['^b$', 'a\r\nb\r\nc', '(3,4)'],
    ['a^b', 'a^b', 'no'],
    ['(^|x)a', 'ba\nxa', '(3,5)(3,4)'],
    [String.raw`a\.b\*\\\(\)\[\]\{\}\^\$\|\+\?`, String.raw`a.b*\()[]{}^$|+?`, '(0,16)'],
    [String.raw`\@\-\/`, '@-/', '(0,3)'],
    ['a)', 'a)', '(0,2)'],
    ['a}', 'a}', '(0,2)'],
    [String.raw`\w+\s\W`, 'x ab_ä1 !', '(2,9)'],
    ['(.*)*', 'abc', '(0,3)(0,3)'],
    ['(a*)+', 'b', '(0,0)(0,0)'],
    ['(a|b*)*c', 'aabbc', '(0,5)(2,4)'],
  ])('%j in %j: %s', (pattern, text, places) => {
    expect(found(pattern, text)).toBe(places)
  })

  // POSIX.1 §9.1: the leftmost, of these the longest, and each group from the left as long as can be.
  it.each([
    ['a|ab', 'xab', '(1,3)'],
    ['(a|ab)(c|bcd)(d*)', 'abcd', '(0,4)(0,2)(2,3)(3,4)'],
    ['(a|ab)(bcd|c)(d*)', 'abcd', '(0,4)(0,2)(2,3)(3,4)'],
    ['(ab|a)(bcd|c)(d*)', 'abcd', '(0,4)(0,2)(2,3)(3,4)'],
    ['(wee|week)(knights|night)', 'weeknights', '(0,10)(0,3)(3,10)'],
    ['(a*)(ab)*(b*)', 'abb', '(0,3)(0,1)(?)(1,3)'],
    ['(.*)@(.*)', 'a@b@c', '(0,5)(0,3)(4,5)'],
    ['x*(y|z)', 'xxz y', '(0,3)(2,3)'],
    ['b|abcde', 'abcdf', '(1,2)'],
    ['bcd|abcdx', 'abcdy', '(1,4)'],
  ])('%j in %j: %s, the longest', (pattern, text, places) => {
    expect(found(pattern, text)).toBe(places)
  })
})

describe('a bracket expression', () => {
  it.each([
    ['[abc]+', 'xxcab', '(2,5)'],
    ['[^abc]+', 'abxyc', '(2,4)'],
    ['[]a]+', 'x]a', '(1,3)'],
    ['[^]a]+', ']ax', '(2,3)'],
    ['[a-c]+', 'dcbae', '(1,4)'],
    ['[a-]+', 'x-a', '(1,3)'],
    ['[-a]+', 'x-a', '(1,3)'],
    [String.raw`[\.]+`, String.raw`x\.`, '(1,3)'],
    ['[[:digit:][:space:]]+', 'x1 2', '(1,4)'],
    ['[^[:alpha:]]', 'aä1', '(2,3)'],
    ['[[:upper:]]', 'aÄ', '(1,2)'],
    ['[[=a=]b[.-.]]+', 'xab-', '(1,4)'],
    ['[[.a.]-c]', 'b', '(0,1)'],
    ['[[:xdigit:]]+', 'gfF0', '(1,4)'],
    ['[[:punct:]]', 'a$', '(1,2)'],
  ])('%j in %j: %s', (pattern, text, places) => {
    expect(found(pattern, text)).toBe(places)
  })
})

describe('without regard to case', () => {
  it.each<[string, string, Folding, string]>([
    ['ABc', 'xabC', 'ascii', '(1,4)'],
    ['[a-c]+', 'ABC', 'ascii', '(0,3)'],
    ['[^a]', 'A', 'ascii', 'no'],
    ['[[:lower:]]', 'A', 'ascii', '(0,1)'],
    ['ä', 'Ä', 'ascii', 'no'],
    ['ä', 'Ä', 'unicode', '(0,1)'],
    ['[à-ä]', 'Ä', 'unicode', '(0,1)'],
    ['[^Ä]', 'ä', 'unicode', 'no'],
  ])('%j in %j, %s: %s', (pattern, text, folding, places) => {
    expect(found(pattern, text, folding)).toBe(places)
  })
})

describe('what is no expression is refused with its place', () => {
  it.each<[string, number, string]>([
    ['*a', 1, 'nothing stands before * that could be repeated'],
    ['a|+', 3, 'nothing stands before + that could be repeated'],
    ['ab(c', 3, 'this ( has no )'],
    ['a[bc', 2, 'this [ has no ]'],
    ['a[]', 2, 'this [ has no ]'],
    ['[b-a]', 1, 'a range in [ ] has its later end first'],
    ['[[:word:]]', 1, '[:word:] is no class of characters'],
    ['[[:alpha', 1, '[: has no :]'],
    ['[[.ab.]]', 1, '[. .] holds one character here'],
    ['a{', 2, 'behind { stand {n}, {n,} or {n,m}'],
    ['a{1', 2, 'behind { stand {n}, {n,} or {n,m}'],
    ['a{2,1}', 2, '{2,1} has the larger number first'],
    ['a{256}', 2, 'the numbers in { } are 255 at most'],
    ['(a)\\1', 4, '\\1: there are no back-references'],
    ['\\bx', 1, '\\b means nothing'],
    ['a\\d', 2, '\\d means nothing; write [0-9]'],
    ['a\\', 2, 'behind a backslash stands a character'],
    ['a*+?{1}', 5, 'too many of * + ? { } behind each other'],
    ['((a{255}){255})', 10, 'it is too large up to here'],
    ['('.repeat(33), 33, 'more than 32 groups in each other'],
    ['()'.repeat(65), 129, 'more than 64 groups'],
    ['a'.repeat(8_193), 1, 'it has more than 8192 characters'],
  ])('%.20s at %i: %s', (pattern, character, message) => {
    const refused = (() => {
      try {
        return compileRegex(pattern, 'none')
      } catch (error) {
        return error
      }
    })()
    expect(refused).toBeInstanceOf(RegexSyntaxError)
    expect(refused).toMatchObject({ character, message })
  })

  it.each([
    'a{255}',
    `${'('.repeat(32)}a${')'.repeat(32)}`,
    '()'.repeat(64),
    'a'.repeat(3_990),
    'a*+?',
  ])('%.20s is one', (pattern) => {
    expect(() => compileRegex(pattern, 'none')).not.toThrow()
  })
})

describe('its work', () => {
  it.each([
    ['(a+)+b', 'a'.repeat(2_000)],
    ['(a|a)*b', 'a'.repeat(2_000)],
    ['(.*)*$x', 'a'.repeat(2_000)],
    ['(.*)(.*)(.*)(.*)x', 'a'.repeat(2_000)],
    ['(a?){40}a{40}b', 'a'.repeat(2_000)],
  ])('of %s grows as the text does', (pattern, text) => {
    for (const wantsGroups of [false, true]) {
      const half = ran(pattern, text.slice(0, text.length / 2), wantsGroups).steps
      const whole = ran(pattern, text, wantsGroups).steps
      expect(whole).toBeLessThan(half * 2.2 + 10)
    }
  })

  it('is told in steps of 32 looks', () => {
    const { steps } = ran('[ab]*c', 'ab'.repeat(10_000), false)
    expect(steps).toBeGreaterThan(1_000)
    expect(steps).toBeLessThan(5_000)
  })
})
