import { expect, it } from 'vitest'
import { getopt } from '#services/cli/postfix/getopt.ts'

const letters = 'ab:t'

it.each<[words: string[], options: [string, string][], rest: string[]]>([
  [[], [], []],
  [
    ['-a', '-b', 'x', 'y'],
    [
      ['a', ''],
      ['b', 'x'],
    ],
    ['y'],
  ],
  [
    ['-atbx', 'y'],
    [
      ['a', ''],
      ['t', ''],
      ['b', 'x'],
    ],
    ['y'],
  ],
  [['-b', '-a'], [['b', '-a']], []],
  [['-a', '--', '-t'], [['a', '']], ['-t']],
  [['x', '-a'], [], ['x', '-a']],
  [['-', '-a'], [], ['-', '-a']],
])('reads %j', (words, options, rest) => {
  expect(getopt(words, letters)).toEqual({ options, rest })
})

it.each([
  [['-z'], "invalid option -- 'z'"],
  [['-:'], "invalid option -- ':'"],
  [['-ab'], "option requires an argument -- 'b'"],
])('says what is wrong with %j', (words, text) => {
  expect(getopt(words, letters)).toBe(text)
})
