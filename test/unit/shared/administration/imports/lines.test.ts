import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsOf, LineProblems, recordsOf } from '#shared/administration/imports/lines.ts'

const lines = (text: string) => text.split('\n').map((line, i) => ({ number: i + 1, text: line }))

describe('cells of CSV', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['a, b ,', ['a', 'b', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a ""b""","",c', ['a "b"', '', 'c']],
    ['"a" ,b', ['a', 'b']],
    ['', ['']],
    ['"open,b', undefined],
  ])('%s', (text, expected) => {
    expect(cellsOf(text, ',')).toEqual(expected)
  })

  it('are what was quoted', () => {
    const cells = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', ';', ' ') }), {
      minLength: 1,
    })
    fc.assert(
      fc.property(cells, (given) => {
        const text = given.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')
        expect(cellsOf(text, ',')).toEqual(given)
      }),
    )
  })
})

describe('records', () => {
  const columns = ['address', 'quota']

  it.each([',', ';', '\t'])('are fields behind a heading with %j', (delimiter) => {
    const problems = new LineProblems()
    const text = ['# ours', 'Address,QUOTA', '', 'ann@a.test,1GB'].join('\n')
    expect(recordsOf(lines(text.replaceAll(',', delimiter)), columns, problems)).toEqual([
      { kind: 'fields', number: 4, fields: { address: 'ann@a.test', quota: '1GB' } },
    ])
    expect(problems.size).toBe(0)
  })

  it('are lines without one', () => {
    expect(recordsOf(lines('ann@a.test:x\n  # no\n ben'), columns, new LineProblems())).toEqual([
      { kind: 'line', number: 1, text: 'ann@a.test:x' },
      { kind: 'line', number: 3, text: ' ben' },
    ])
  })

  it('that are wrong are named by their line', () => {
    const problems = new LineProblems()
    recordsOf(lines('address,size\na,b,c\n"a'), columns, problems)
    expect(() => problems.fail('done')).toThrow(
      /^line 1: no column 'size'; .*\nline 2: 3 columns where the heading has 2\nline 3: a quotation mark is not closed\ndone$/,
    )
  })

  it('names some of very many', () => {
    const problems = new LineProblems()
    for (let line = 200; line > 0; line--) problems.add(line, 'wrong')
    expect(() => problems.fail('done')).toThrow(
      /^line 1: wrong\n[\s\S]*line 50: wrong\nand 150 more\ndone$/,
    )
  })
})
