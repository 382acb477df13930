import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maps, type TableList } from '#shared/settings/restrictions/table-kinds.ts'

const entry = (key: string, result: string) => ({ key, result })

describe('maps', () => {
  it.each<readonly [text: string, value: TableList]>([
    ['', []],
    ['table:transport', [{ kind: 'table', name: 'transport' }]],
    [
      'table:a, inline:{ a.test=smtp:[b.test] } static:{error:5.1.1 nobody}',
      [
        { kind: 'table', name: 'a' },
        { kind: 'inline', entries: [entry('a.test', 'smtp:[b.test]')] },
        { kind: 'static', result: 'error:5.1.1 nobody' },
      ],
    ],
    [
      'inline:{ {a.test=error:5.1.1 nobody, here}, <>=x, b=c=d }',
      [
        {
          kind: 'inline',
          entries: [
            entry('a.test', 'error:5.1.1 nobody, here'),
            entry('<>', 'x'),
            entry('b', 'c=d'),
          ],
        },
      ],
    ],
    ['static:', [{ kind: 'static', result: '' }]],
  ])('reads %j, and what it writes of it', (text, value) => {
    expect(maps.parse(text)).toEqual(value)
    expect(maps.parse(maps.format(value))).toEqual(value)
  })

  it.each([
    'example.org',
    'hash:/etc/postfix/transport',
    'regexp:/etc/x',
    'inline:{ a }',
    'inline:{ =a }',
    'table:',
    'table:a b',
    'table:a, }',
    'inline:{ a=b',
  ])('refuses %j', (text) => {
    expect(maps.parse(text)).toBeUndefined()
  })

  it('reads all that it writes of what it read', () => {
    const word = fc.stringMatching(/^[a-z0-9:.[\]@*<>=,{} -]{0,20}$/)
    const ref = fc.oneof(
      word.map((text) => `static:${text}`),
      word.map((text) => `static:{${text}}`),
      fc.tuple(word, word).map(([key, result]) => `inline:{ ${key}=${result} }`),
      fc.tuple(word, word).map(([key, result]) => `inline:{ {${key}=${result}} }`),
      fc.constantFrom('table:a', 'table:b.c'),
    )
    fc.assert(
      fc.property(fc.array(ref, { maxLength: 3 }), (refs) => {
        const value = maps.parse(refs.join(', '))
        if (value === undefined) return
        expect(maps.parse(maps.format(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })
})
