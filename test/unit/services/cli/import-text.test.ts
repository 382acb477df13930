import { describe, expect, it } from 'vitest'
import { explainOutcome, LineProblems } from '#services/cli/import-text.ts'

describe('problems of lines', () => {
  it('names some of very many', () => {
    const problems = new LineProblems()
    for (let line = 200; line > 0; line--) problems.add(line, 'wrong')
    expect(problems.failure('done').message).toMatch(
      /^line 1: wrong\n[\s\S]*line 50: wrong\nand 150 more\ndone$/,
    )
  })

  it('counts those that nobody kept', () => {
    const problems = new LineProblems()
    problems.add(7, 'wrong')
    expect(problems.failure('done', 3).message).toBe('line 7: wrong\nand 2 more\ndone')
  })
})

describe('what became of a row', () => {
  const key = 'ann@a.test'
  const address = { field: 'address', value: key } as const

  it.each([
    [{ kind: 'exists', ...address }, 'ann@a.test: it was added meanwhile'],
    [
      { kind: 'no-such-domain', domain: 'a.test', ...address },
      'ann@a.test: its domain was removed meanwhile',
    ],
    [{ kind: 'no-such-account', ...address }, 'ann@a.test: it was removed meanwhile'],
    [
      { kind: 'differs', ...address },
      'ann@a.test is there and differs; --update makes it as the file says',
    ],
  ] as const)('is said: %j', (refusal, expected) => {
    expect(explainOutcome(key, refusal)).toBe(expected)
  })
})
