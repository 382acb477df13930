// main.cf read as Postfix reads it: each value beside `postconf -x`.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  EXPANDED_CHARACTERS_MAX,
  EXPANSION_DEPTH_MAX,
  EXPANSIONS_MAX,
  expandValue,
} from '#shared/moving/configurations/postfix/expand.ts'
import { parseMainCf } from '#shared/moving/configurations/postfix/main-cf.ts'
import { fixturePath } from '#test/support/moving-fixtures.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { runSeed } from '#test/support/seed.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const valuesOf = (text: string) =>
  [...parseMainCf(text).values].map(([name, { value, line }]) => [name, value, line])

describe('main.cf', () => {
  it('has a value a line, which lines with white space before them continue', () => {
    expect(valuesOf('a = 1\nb=2\n  3\n\tx\n\nc =\n')).toEqual([
      ['a', '1', 1],
      ['b', '2  3\tx', 2],
      ['c', '', 6],
    ])
  })

  it('has comments and empty lines in values, which go on behind them', () => {
    expect(valuesOf('a = 1,\n# no\n   # no\n\n 2\r\n#b = 3\n')).toEqual([['a', '1, 2', 1]])
  })

  it('takes the last of a name, and tells the others', () => {
    const { values, overridden } = parseMainCf('a = 1\na = 2\n')
    expect(values.get('a')).toEqual({ name: 'a', value: '2', line: 2 })
    expect(overridden).toEqual([{ name: 'a', value: '1', line: 1 }])
  })

  it('tells lines that are none', () => {
    const { faults } = parseMainCf('word\n= x\na b = c\nok = 1\n')
    expect(faults.map(({ line }) => line)).toEqual([1, 2, 3])
  })
})

const expand = (text: string, values: { readonly [name: string]: string } = {}) =>
  expandValue(text, (name) => (Object.hasOwn(values, name) ? values[name] : undefined))

/** A § is a dollar sign. */
describe('a value with $names', () => {
  it.each([
    ['§a §{a} §(a)', 'x x x'],
    ['§§a §none.', '§a .'],
    ['§{a?yes}§{none?no}§{none:empty}§{a:full}', 'yesempty'],
    ['§{a?{1}:{2}} §{none?{1}:{2}}', '1 2'],
    ['§{{§a} == {x} ? {same} : {other}}', 'same'],
    ['§{{9} < {10} ? {n} : {t}}§{{a9} < {a10} ? {n} : {t}}', 'nt'],
    ['§{{3.10} >level {3.9} ? {newer}}', 'newer'],
    ['§{a?{§{b?{§b}}}}', 'y'],
  ])('%s is %s', (text, expected) => {
    expect(expand(text.replaceAll('§', '$'), { a: 'x', b: 'y' })).toEqual({
      kind: 'text',
      text: expected.replaceAll('§', '$'),
    })
  })

  it.each(['§', '§{a', '§(a', '§{}', '§{a b}', '§{{a} ? {b}}', '§{{a} == b}'])(
    '%s is a fault',
    (text) => {
      expect(expand(text.replaceAll('§', '$'), { a: 'x' })).toMatchObject({ kind: 'fault' })
    },
  )

  it('refers to itself at the most as deeply as is allowed', () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, n) => [`p${n}`, n + 1 < length ? `$p${n + 1}` : 'end']),
      )
    expect(expand('$p0', chain(EXPANSION_DEPTH_MAX))).toEqual({ kind: 'text', text: 'end' })
    expect(expand('$p0', chain(EXPANSION_DEPTH_MAX + 1))).toMatchObject({ kind: 'fault' })
    expect(expand('$a', { a: '$b', b: '$a' })).toMatchObject({ kind: 'fault' })
  })

  it('grows to its limit, and no further', () => {
    const half = 'x'.repeat(EXPANDED_CHARACTERS_MAX / 2)
    expect(expand('$a$a', { a: half })).toMatchObject({ kind: 'text' })
    expect(expand('$a$a.', { a: half })).toMatchObject({ kind: 'fault' })
    // Ten lines would be 10^10 references.
    const bombs = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`p${n}`, `$p${n + 1} `.repeat(10)]),
    )
    expect(expand('$p0', bombs)).toMatchObject({ kind: 'fault' })
    expect(expand('$none'.repeat(EXPANSIONS_MAX))).toMatchObject({ kind: 'text' })
    expect(expand('$none'.repeat(EXPANSIONS_MAX + 1))).toMatchObject({ kind: 'fault' })
  })
})

const plain = fc.constantFrom('x', 'y y', '7', '10', '', '.', 'a9')
/** Only of what stands before: nothing goes round. */
const pieceOf = (before: readonly string[]) => {
  const reference = fc.constantFrom('none', ...before)
  return fc.oneof(
    plain,
    fc.constant('$$'),
    reference.map((name) => `\${${name}}`),
    reference.map((name) => `$(${name})`),
    fc.tuple(reference, plain).map(([name, text]) => `\${${name}?${text}}`),
    fc.tuple(reference, plain).map(([name, text]) => `\${${name}:${text}}`),
    fc.tuple(reference, plain, plain).map(([name, a, b]) => `\${${name}?{${a}}:{${b}}}`),
    fc
      .tuple(reference, fc.constantFrom('==', '!=', '<', '<=', '>', '>='), plain, plain)
      .map(([name, operator, a, b]) => `\${{$${name}} ${operator} {${a}} ? {${b}} : {no}}`),
  )
}
const gap = fc.constantFrom(' ', '\n ', '\n# comment\n\t', '\n\n  ', '  ')

const CONFIGURATIONS = 100
/** Four parameters that refer to each other, for each of them. */
const namesOf = (n: number) => ['a', 'b', 'c', 'd'].map((letter) => `own_${letter}${n}`)
const configuration = fc
  .tuple(
    ...Array.from({ length: CONFIGURATIONS }, (_, n) => namesOf(n)).flatMap((names) =>
      names.map((name, at) =>
        fc
          .array(fc.tuple(pieceOf(names.slice(0, at)), gap), { maxLength: 4 })
          .map((pieces) => `${name} = ${pieces.flat().join('')}\n`),
      ),
    ),
  )
  .map((lines) => lines.join(''))

describe.skipIf(!isInstalled('postconf'))('beside `postconf -x`', () => {
  it('all values are the same', async () => {
    await using folder = await temporaryFolder()
    const conf = folder.path
    await writeFile(join(conf, 'master.cf'), '')
    const all = Array.from({ length: CONFIGURATIONS }, (_, n) => namesOf(n)).flat()
    const [text = ''] = fc.sample(configuration, { numRuns: 1, seed: runSeed })
    // Only what a parameter of Postfix refers to is printed.
    const banner = all.map((name) => `<$${name}>`).join(' ')
    const whole = `myhostname = mx.example.test\n${text}smtpd_banner = ${banner}\n`
    await writeFile(join(conf, 'main.cf'), whole)
    const { stdout } = await runProgram('postconf', ['-c', conf, '-h', '-x', 'smtpd_banner'])
    const { values } = parseMainCf(whole)
    const ours = expandValue('$smtpd_banner', (name) => values.get(name)?.value)
    // It prints runs of white space as one.
    const folded = (printed: string) => printed.trim().replaceAll(/\s+/g, ' ').split('> <')
    expect(ours.kind).toBe('text')
    expect(folded(ours.kind === 'text' ? ours.text : '')).toEqual(folded(stdout))
    expect(new Set(folded(stdout)).size).toBeGreaterThan(CONFIGURATIONS / 2)
  })

  it('what `postconf -n` prints says the same', async () => {
    const conf = fixturePath('isp/etc/postfix')
    const { stdout } = await runProgram('postconf', ['-c', conf, '-n'])
    const printed = parseMainCf(stdout).values
    const { values } = parseMainCf(await readFile(join(conf, 'main.cf'), 'utf8'))
    const folded = (text = '') => text.replaceAll(/\s+/g, ' ')
    expect(printed.size).toBeGreaterThan(30)
    for (const [name, { value }] of printed) {
      if (name === 'config_directory') continue
      expect([name, folded(value)]).toEqual([name, folded(values.get(name)?.value)])
    }
  })
})
