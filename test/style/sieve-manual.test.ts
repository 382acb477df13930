// What docs/sieve.md says of the language is what is announced, and its numbers are those of the code.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { operations } from '#services/api/operations/index.ts'
import * as limits from '#shared/sieve/limits.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'

const page = readFileSync(new URL('../../docs/sieve.md', import.meta.url), 'utf8')
const rowsUnder = (heading: string) =>
  (page.split(`\n| ${heading} |`)[1] ?? '')
    .split('\n\n', 1)[0]
    ?.trimEnd()
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim())) ?? []

describe('docs/sieve.md', () => {
  it('has each extension that is announced once, with its document, and no other', () => {
    const rows = rowsUnder('extension')
    const named = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '))
    expect(named.toSorted()).toEqual([...vocabulary.extensions].toSorted())
    expect(rows.filter(([, , document = '']) => document === '')).toEqual([])
  })

  it('has numbers that are those of the code', () => {
    const known: { readonly [name: string]: number } = limits
    const rows = rowsUnder('limit')
    expect(rows.length).toBeGreaterThan(10)
    const told = rows.map(([, name = '', , number = '']) => [
      name.replaceAll('`', ''),
      Number.parseInt(number.replaceAll(',', ''), 10),
    ])
    expect(told).toEqual(told.map(([name = '']) => [name, known[name]]))
  })

  it('names operations that there are', () => {
    const paths = operations.map(({ path }) => path.replace('{account}', 'ANN'))
    const named = page.split('`').filter((text) => /^\/(accounts|scripts)/.test(text))
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((path) => !paths.some((each) => each.startsWith(path)))).toEqual([])
  })
})
