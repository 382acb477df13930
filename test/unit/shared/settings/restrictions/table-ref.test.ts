import { describe, expect, it } from 'vitest'
import { INLINE_ENTRIES_MAX, parseTableRef } from '#shared/settings/restrictions/table-ref.ts'

describe('a table in a list', () => {
  it.each([
    ['table:clients', { kind: 'table', name: 'clients' }],
    ['static:OK', { kind: 'static', result: 'OK' }],
    ['static:{ REJECT go away }', { kind: 'static', result: 'REJECT go away' }],
    ['STATIC:', { kind: 'static', result: '' }],
    ['inline:{}', { kind: 'inline', entries: [] }],
    [
      'inline:{ a.test=OK, { b.test = REJECT not you, please } .c.test=DUNNO }',
      {
        kind: 'inline',
        entries: [
          { key: 'a.test', result: 'OK' },
          { key: 'b.test', result: 'REJECT not you, please' },
          { key: '.c.test', result: 'DUNNO' },
        ],
      },
    ],
  ])('%s', (text, wanted) => {
    expect(parseTableRef(text)).toEqual(wanted)
  })

  it.each([
    [
      'hash:/etc/postfix/access',
      /access import access \/etc\/postfix\/access`, and write table:access/,
    ],
    ['pcre:/etc/postfix/x', /tables of patterns/],
    ['table:', /is no name of a table/],
    ['table:a/b', /is no name of a table/],
    ['clients', /write table:NAME/],
    ['inline:a=b', /needs braces/],
    ['inline:{ a }', /'a' is no entry/],
    ['inline:{ a=OK, b }', /'b' is no entry/],
    ['inline:{ =OK }', /'=OK' has no key/],
  ])('%s is none', (text, why) => {
    expect(parseTableRef(text)).toMatch(why)
  })

  it('has so many entries at most when it is written on the spot', () => {
    const entries = (count: number) =>
      parseTableRef(`inline:{${Array.from({ length: count }, (_, i) => `k${i}=OK`).join(' ')}}`)
    expect(entries(INLINE_ENTRIES_MAX)).toHaveProperty('kind', 'inline')
    expect(entries(INLINE_ENTRIES_MAX + 1)).toMatch(/takes 1000 entries/)
  })
})
