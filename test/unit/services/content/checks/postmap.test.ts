// Pattern tables beside Postfix's own regexp: tables, asked by postmap. Deliberately another way: a backslash within brackets escapes, as in
// pcre: tables and not as in regexp: ones.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type LookUp, PatternMatcher } from '#services/content/checks/pattern-matcher.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { substituted } from '#shared/settings/patterns/check-action.ts'
import { parsePatternTable } from '#shared/settings/patterns/pattern-table.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const tables: { readonly [about: string]: readonly string[] } = {
  'the first that matches': ['/one/ WARN 1', '/^one/ WARN 2', '/two/ WARN 3', '/./ WARN 4'],
  'case and flags': ['/^Subject: (VIAGRA|pills)$/ WARN $1', '/CASE/i WARN kept'],
  'groups and dollars': ['/^(a+)(b*)(c)?$/ WARN <$1|$(2)|$(3)> $$1', '/^x(.*)y(.*)z$/ WARN $2-$1'],
  conditions: [
    'if /^From:/',
    '!/@example\\.org/ HOLD elsewhere',
    'if /bulk/',
    '/x/ WARN inner',
    'endif',
    '/./ WARN here',
    'endif',
    '!/^[A-Z]/ WARN small',
  ],
  'brackets and classes': [
    '/^[[:digit:]]+$/ WARN digits',
    '/^[]x]+$/ WARN bracket',
    '/^[^]x]+\\[$/ WARN other',
    '/^[[:space:][:punct:]]+$/ WARN marks',
  ],
  'escapes and repetition': [
    '/^a\\.b$/ WARN dot',
    '/^a\\/b$/ WARN slash',
    '/^(ab){2,3}$/ WARN ab',
    '/^\\$5?$/ WARN dollar',
    '%^/etc/(.*)%  WARN $1',
  ],
  'lines that go on': ['/^long/', '   WARN a  text', '# comment', '', '/^end/ WARN end'],
}

const keys = [
  'one two',
  'two',
  'Subject: viagra',
  'Subject: PILLS',
  'case',
  'CASE',
  'aab',
  'abc',
  'xlyrz',
  'From: a@example.org',
  'From: b@example.net',
  'From: bulk x@example.org',
  'small',
  '12345',
  ']x]',
  'ab[',
  '.,! ',
  'abc\\',
  'a.b',
  'a/b',
  'abab',
  'ababab',
  'abababab',
  '$5',
  '/etc/passwd',
  'longer',
  'ending',
  'Zürich',
]

describe.skipIf(!isInstalled('postmap'))('pattern tables and postmap', () => {
  it.each(Object.keys(tables))('say the same: %s', async (about) => {
    const text = `${tables[about]?.join('\n')}\n`
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'main.cf'), '')
    const file = join(folder.path, 'table')
    await writeFile(file, text)
    const words = ['-c', folder.path, '-q', '-', `regexp:${file}`]
    const { stdout, stderr } = await runProgram('postmap', words, { input: `${keys.join('\n')}\n` })
    expect(stderr).toBe('')
    expect((await ours(text)).join('\n')).toBe(stdout.trimEnd())
  })
})

async function ours(text: string): Promise<readonly string[]> {
  const table = parsePatternTable(text)
  expect(table.faults).toEqual([])
  const matcher = new PatternMatcher([table], { clock: systemClock, timeMs: 10_000 })
  const lookUps = keys.map((key): LookUp => [0, Buffer.from(key).toString('latin1')])
  const matches = await matcher.match(lookUps, 'a')
  matcher.close()
  return matches.flatMap(({ index, rule, groups }) => {
    const found = table.rules[rule]
    if (found?.kind !== 'match') return []
    const { verb, text: said } = found.action
    const told = substituted(said, groups)
    const value = `${verb.toUpperCase()}${told === '' ? '' : ` ${told}`}`
    return [`${keys[index]}\t${value}`]
  })
}
