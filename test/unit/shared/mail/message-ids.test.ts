import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ID_BYTES_MAX,
  messageIds,
  REFERENCES_MAX,
  referencesField,
  referencesOf,
} from '#shared/mail/message-ids.ts'

describe('messageIds', () => {
  const rows: readonly [string, readonly string[]][] = [
    ['<a@b>', ['a@b']],
    ['<a@b> <c@d>', ['a@b', 'c@d']],
    ['<a@b><c@d>', ['a@b', 'c@d']],
    ['Your message of Monday <a@b> (comment)', ['a@b']],
    ['<"a.b"@c>', ['a.b@c']],
    ['<"a\\"b"@c>', ['a"b@c']],
    ['<a\r\n b@c>', ['ab@c']],
    ['<no-at> <@b> <a@> <>', []],
    ['<A@B>', ['A@B']],
    ['', []],
  ]
  it.each(rows)('of %j', (body, ids) => {
    expect(messageIds(body)).toEqual(ids)
  })
})

describe('referencesOf', () => {
  it('takes the first of In-Reply-To where References has none', () => {
    expect(referencesOf('', '<a@x> <b@x>')).toEqual(['a@x'])
    expect(referencesOf('nonsense', '<a@x>')).toEqual(['a@x'])
    expect(referencesOf('<c@x>', '<a@x>')).toEqual(['c@x'])
    expect(referencesOf('', null)).toEqual([])
  })
})

describe('messageIds and referencesOf, of any header', () => {
  const naiveIds = (body: string) =>
    [...body.matchAll(/<([^<>]*)>/g)]
      .map(([, inside = '']) => inside)
      .filter((id) => /^.+@[^@]+$/.test(id))
  it('finds what a pattern finds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '@', 'a'), maxLength: 20 }),
        (body) => {
          expect(messageIds(body)).toEqual(naiveIds(body))
        },
      ),
    )
  })
  it('keeps the nearest ancestors, and no id that is longer than a line', () => {
    const ids = Array.from({ length: REFERENCES_MAX + 1 }, (_, at) => `${at}@x`)
    const body = ids.map((id) => `<${id}>`).join(' ')
    expect(referencesOf(body, null)).toEqual(ids.slice(1))
    expect(messageIds(`<${'a'.repeat(ID_BYTES_MAX - 2)}@x>`)).toHaveLength(1)
    expect(messageIds(`<${'a'.repeat(ID_BYTES_MAX - 1)}@x>`)).toEqual([])
  })
})

describe('referencesField', () => {
  it('finds the field with its folds', () => {
    const header = 'Subject: References: <no@x>\r\nREFERENCES: <a@x>\r\n\t<b@x>\r\nTo: c\r\n\r\n'
    expect(messageIds(referencesField(header))).toEqual(['a@x', 'b@x'])
  })
  it('finds nothing in a header without it', () => {
    expect(referencesField('X-References: <a@x>\r\n\r\n')).toBe('')
  })
})
