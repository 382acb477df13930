import { describe, expect, it } from 'vitest'
import { headerSubset, selectFields } from '#services/imap/fetch/header-subset.ts'

const header = [
  'From someone Fri Nov 20 12:00:00 2026',
  'Received: one',
  '\tfolded: not a field',
  'Subject : with a space',
  'RECEIVED: two',
  'X-Empty:',
  '',
  '',
].join('\r\n')

const only = (...names: string[]) => headerSubset(header, selectFields(names, false))
const without = (...names: string[]) => headerSubset(header, selectFields(names, true))

describe('headerSubset', () => {
  it('keeps every field of a name with its folds, in their order', () => {
    expect(only('received')).toBe('Received: one\r\n\tfolded: not a field\r\nRECEIVED: two\r\n\r\n')
  })

  it('knows a name before obsolete white space', () => {
    expect(only('SUBJECT')).toBe('Subject : with a space\r\n\r\n')
  })

  it('does not take a fold for a field', () => {
    expect(only('folded')).toBe('\r\n')
  })

  it('leaves out what is named and keeps all else, lines that are no field too', () => {
    expect(without('Received', 'X-Empty')).toBe(
      'From someone Fri Nov 20 12:00:00 2026\r\nSubject : with a space\r\n\r\n',
    )
  })

  it('ends with the empty line as it was sent, and without one where there is none', () => {
    const fields = selectFields(['a'], false)
    expect(headerSubset('A: 1\nB: 2\n\n', fields)).toBe('A: 1\n\n')
    expect(headerSubset('B: 2\r\nA: 1', fields)).toBe('A: 1')
    expect(headerSubset('', fields)).toBe('')
  })
})
