import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainRow } from '#services/cli/import-text.ts'
import { cellsOf, type RowProblem, rowsOf, sourceOf } from '#shared/administration/imports/lines.ts'

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

  /** The rows of a text, and what is wrong with it as the command line says it. */
  function read(text: string) {
    const problems: string[] = []
    const onProblem = ({ line, refusal }: RowProblem) =>
      void problems.push(`line ${line}: ${explainRow(refusal)}`)
    return { rows: [...rowsOf(lines(text), columns, onProblem)], problems }
  }

  it.each([',', ';', '\t'])('are fields behind a heading with %j', (delimiter) => {
    const text = ['# ours', 'Address,QUOTA', '', 'ann@a.test,1GB'].join('\n')
    const { rows, problems } = read(text.replaceAll(',', delimiter))
    expect(rows).toEqual([
      { kind: 'fields', number: 4, fields: { address: 'ann@a.test', quota: '1GB' } },
    ])
    expect(problems).toHaveLength(0)
  })

  it('are lines without one', () => {
    expect(read('ann@a.test:x\n  # no\n ben').rows).toEqual([
      { kind: 'line', number: 1, text: 'ann@a.test:x' },
      { kind: 'line', number: 3, text: ' ben' },
    ])
  })

  it('that are wrong are named by their line', () => {
    expect(read('address,size\na,b,c\n"a').problems.join('\n')).toMatch(
      /^line 1: no column 'size'; .*\nline 2: 3 columns where the heading has 2\nline 3: a quotation mark is not closed$/,
    )
  })
})

describe('a source', () => {
  const read = (text: string | Uint8Array) => [...sourceOf(Buffer.from(text)).lines()]

  it('has lines with their numbers, whatever they end with', () => {
    expect(read('\ufeffä\r\n\n\ufeffb')).toEqual([
      { number: 1, text: 'ä' },
      { number: 2, text: '' },
      { number: 3, text: '\ufeffb' },
    ])
    expect(read('a\n')).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: '' },
    ])
    expect(read('')).toEqual([{ number: 1, text: '' }])
  })

  it('may be read again, and from a part of a buffer', () => {
    const source = sourceOf(Buffer.from('xxa\nb').subarray(2))
    expect([...source.lines()]).toEqual([...source.lines()])
    expect([...source.lines()].map(({ text }) => text)).toEqual(['a', 'b'])
  })
})
