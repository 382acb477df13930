// Tables by their sources, beside postmap and postalias, which make tables of them.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aliasTargets, readAliasSource } from '#shared/moving/configurations/alias-source.ts'
import { readPostmapSource } from '#shared/moving/configurations/postfix/tables/postmap-source.ts'
import {
  readTable,
  type TableContext,
} from '#shared/moving/configurations/postfix/tables/read-table.ts'
import { filesFrom } from '#test/support/moving-fixtures.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const from = { file: 'main.cf', line: 1 }
const contextOf = (texts: { readonly [path: string]: string } = {}): TableContext => ({
  ...{ files: filesFrom(texts), from, onFault: () => undefined },
})

const rowsOf = (text: string, texts = {}) => {
  const table = readTable(text, contextOf(texts))
  return table.kind === 'rows' || table.kind === 'networks'
    ? table.rows.map(({ key, value }) => [key, value])
    : table
}

describe('tables of Postfix', () => {
  it.each(['hash', 'btree', 'lmdb', 'cdb', 'dbm', 'texthash', 'proxy:hash'])(
    '%s: is read from its source',
    (type) => {
      const texts = {
        '/t': 'Ann@A.test  x y # z\n\n# no\n b\nann@a.test 2\nlone\n"a b"@c.test 3\n',
      }
      expect(rowsOf(`${type}:/t`, texts)).toEqual([
        ['ann@a.test', 'x y # z b'],
        ['"a b"@c.test', '3'],
      ])
    },
  )

  it('has networks in cidr:', () => {
    const text =
      '10.0.0.0/8 OK\n!11.0.0.0/8 x\nif 12.0.0.0/8\n12.1.0.0/16 y\nendif\n[2001:db8::]/32 no\n'
    expect(rowsOf('cidr:/t', { '/t': text })).toEqual([
      ['10.0.0.0/8', 'OK'],
      ['2001:db8::/32', 'no'],
    ])
  })

  it.each([
    ['static:x', { kind: 'constant', value: 'x' }],
    ['static:{a b}', { kind: 'constant', value: 'a b' }],
    [
      'inline:{a=1, {b = 2 3}}',
      [
        ['a', '1'],
        ['b', '2 3'],
      ],
    ],
    [
      'unionmap:{inline:{a=1,b=2},inline:{a=3}}',
      [
        ['a', '1,3'],
        ['b', '2'],
      ],
    ],
    ['pipemap:{inline:{a=b,c=d},inline:{b=e}}', [['a', 'e']]],
    ['pipemap:{inline:{a=b},static:z}', [['a', 'z']]],
  ])('%s says what it says', (text, expected) => {
    expect(rowsOf(text)).toEqual(expected)
  })

  it.each([
    'randmap:{a,b}',
    'mysql:/x',
    'ldap:x',
    'unix:passwd.byname',
    'tcp:localhost:1',
    'socketmap:x:y',
  ])('%s is refused with a reason', (text) => {
    expect(readTable(text, contextOf())).toMatchObject({ kind: 'refused' })
  })

  it('ends with tables in tables', () => {
    const nested = (depth: number): string =>
      depth === 0 ? 'inline:{a=1}' : `unionmap:{${nested(depth - 1)}}`
    expect(rowsOf(nested(10))).toEqual([['a', '1']])
    expect(rowsOf(nested(11))).toMatchObject({ kind: 'refused' })
  })

  it.skipIf(!isInstalled('postmap'))('answers as `postmap -q` does', async () => {
    for (const [text, keys] of [
      ['inline:{a=1, {b = 2 3}}', ['a', 'b', 'c']],
      ['inline:{a=1, a=2}', ['a']],
      ['unionmap:{inline:{a=1,b=2},inline:{a=3}}', ['a', 'b', 'c']],
      ['pipemap:{inline:{a=b,c=d},inline:{b=e}}', ['a', 'c']],
    ] as const) {
      const rows = rowsOf(text)
      const ours = new Map(Array.isArray(rows) ? rows.map(([key, value]) => [key, value]) : [])
      for (const key of keys) {
        const { stdout } = await runProgram('postmap', ['-q', key, text])
        expect([text, key, ours.get(key) ?? '']).toEqual([text, key, stdout.trim()])
      }
    }
  })
})

const character = fc.constantFrom(...'ab.@:,"\\#!/ \t-+')
const word = fc.string({ unit: character, minLength: 1, maxLength: 8 })
const line = fc.oneof(
  fc.tuple(word, word).map(([key, value]) => `${key} ${value}`),
  fc.tuple(word, word).map(([key, value]) => `${key}: ${value}`),
  word,
  word.map((text) => ` ${text}`),
  word.map((text) => `# ${text}`),
  fc.constantFrom('', '  ', 'A@B.test x', 'a@b.test y'),
)
const sources = fc
  .array(line, { minLength: 3, maxLength: 40 })
  .map((lines) => `${lines.join('\n')}\n`)

/** All that is in it, as `-s` lists it. */
async function compiled(program: 'postmap' | 'postalias', file: string, text: string) {
  await writeFile(file, text)
  await runProgram('rm', ['-f', `${file}.db`])
  await runProgram(program, [`hash:${file}`])
  const { stdout } = await runProgram(program, ['-s', `hash:${file}`])
  return stdout
    .split('\n')
    .filter((one) => one !== '' && !/^(?:@:?\t@$|YP_)/.test(one))
    .sort()
}

const folded = (lines: readonly string[]) => lines.map((one) => one.replaceAll(/\s+/g, ' ')).sort()

describe.skipIf(!isInstalled('postmap'))('sources of all kinds', () => {
  it('have the entries that postmap finds in them', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'table')
    let entries = 0
    await fc.assert(
      fc.asyncProperty(sources, async (text) => {
        const theirs = await compiled('postmap', file, text)
        const ours = readPostmapSource('t', text, () => undefined)
        expect(folded(ours.map(({ key, value }) => `${key} ${value}`))).toEqual(folded(theirs))
        entries += theirs.length
      }),
      { numRuns: 40 },
    )
    expect(entries).toBeGreaterThan(40)
  }, 60_000)

  it('have the names that postalias finds in them', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'aliases')
    const names = fc.constantFrom('ann', 'Bob', '"a b"', 'post-master', 'x.y', '"a:b"')
    const values = fc.constantFrom(
      ...[
        'ann@a.test',
        'ann, bob',
        '"|/bin/x y, z"',
        ':include:/etc/list',
        '/var/mail/x',
        'Ann <ann@a.test>',
      ],
      ...['ann (comment), bob', '\\ann', 'ann,\n  bob', 'ann,\n# c\n\n bob'],
    )
    const aliases = fc
      .array(
        fc.oneof(
          fc.tuple(names, values).map(([name, value]) => `${name}: ${value}`),
          fc.tuple(names, values).map(([name, value]) => `${name} : ${value}`),
          fc.constantFrom('', '# c', ' continued'),
        ),
        { minLength: 1, maxLength: 10 },
      )
      .map((lines) => `first: x\n${lines.join('\n')}\n`)
    await fc.assert(
      fc.asyncProperty(aliases, async (text) => {
        const theirs = (await compiled('postalias', file, text)).map(
          (one) => one.split(/:?\t/)[0] ?? '',
        )
        const ours = readAliasSource('a', text, () => undefined).map(({ key }) => key)
        expect([...ours].sort()).toEqual([...theirs].sort())
      }),
      { numRuns: 30 },
    )
  }, 60_000)
})

describe('the right side of an alias', () => {
  const address = (text: string) => ({ kind: 'address', address: text })

  it.each([
    ['ann, bob@b.test', [address('ann'), address('bob@b.test')]],
    ['ann bob', [address('ann'), address('bob')]],
    ['Ann of A <ann@a.test>, bob (his (own)) ', [address('ann@a.test'), address('bob')]],
    ['"a, b"@c.test', [address('"a, b"@c.test')]],
    ['"|/bin/x \\"y, z\\"" , ann', [{ kind: 'program', command: '/bin/x "y, z"' }, address('ann')]],
    ['|/bin/x y, ann', [{ kind: 'program', command: '/bin/x y' }, address('ann')]],
    [
      ':include:/etc/list, /var/mail/x',
      [
        { kind: 'include', path: '/etc/list' },
        { kind: 'file', path: '/var/mail/x' },
      ],
    ],
    ['\\ann', [{ kind: 'mailbox', user: 'ann' }]],
    [':fail: no, never', [{ kind: 'special', word: 'fail', text: 'no' }, address('never')]],
    ['', []],
    ['(', []],
    ['"', [address('"')]],
  ])('%s', (text, expected) => {
    expect([...aliasTargets(text)]).toEqual(expected)
  })
})
