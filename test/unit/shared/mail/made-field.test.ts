import { describe, expect, it } from 'vitest'
import { MADE_FIELD_BYTES_MAX, madeField, madeTextField } from '#shared/mail/made-field.ts'

describe('a field of a name and a value from elsewhere', () => {
  it.each([
    ['X-A', 'one', 'X-A: one\r\n'],
    ['X-A', ' one', 'X-A: one\r\n'],
    ['X-A', '', 'X-A: \r\n'],
    ['X-A', 'one\r\n two', 'X-A: one\r\n two\r\n'],
    ['X-A', 'one\n\ttwo\n', 'X-A: one\r\n\ttwo\r\n'],
    // What would be a second field, the end of the header, or a line of nothing.
    ['X-A', 'one\r\nSubject: two', 'X-A: one\r\n\tSubject: two\r\n'],
    ['X-A', 'one\r\n\r\nbody', 'X-A: one\r\n\tbody\r\n'],
    ['X-A', 'one\r \r\n\t\nbody', 'X-A: one\r\n\tbody\r\n'],
    ['X-A', '\r\n.\r\nMAIL', 'X-A: .\r\n\tMAIL\r\n'],
    ['X-A', 'a\0b', 'X-A: ab\r\n'],
  ])('%j, %j', (name, value, field) => {
    expect(madeField(name, value)).toBe(field)
  })

  it.each(['', 'X A', 'X:A', 'X-\xc4', 'X\r\nY', 'x'.repeat(101)])(
    'is none for the name %j',
    (name) => {
      expect(madeField(name, 'x')).toBeUndefined()
    },
  )

  it('is none for what is too long', () => {
    expect(madeField('X', 'x'.repeat(MADE_FIELD_BYTES_MAX))).toBeDefined()
    expect(madeField('X', 'x'.repeat(MADE_FIELD_BYTES_MAX + 1))).toBeUndefined()
  })

  it('has any character', () => {
    expect(madeTextField('X', 'ü')).toBe('X: \xc3\xbc\r\n')
  })
})
