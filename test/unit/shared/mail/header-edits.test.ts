import { describe, expect, it } from 'vitest'
import {
  EDITED_FIELDS_MAX,
  EDITED_HEADER_BYTES_MAX,
  edited,
  editHeader,
  type HeaderEdit,
  HeaderTooLong,
} from '#shared/mail/header-edits.ts'

const header = 'A: 1\r\nB: 1\r\n folded\r\na: 2\r\nC: 1\r\nA: 3\r\n'

describe('a header', () => {
  it.each<[string, HeaderEdit[], string]>([
    ['nothing', [], header],
    ['a field first', [insert(0, 'X: 1')], `X: 1\r\n${header}`],
    [
      'a field behind the second',
      [insert(2, 'X: 1')],
      'A: 1\r\nB: 1\r\n folded\r\nX: 1\r\na: 2\r\nC: 1\r\nA: 3\r\n',
    ],
    ['a field far behind', [insert(99, 'X: 1')], `${header}X: 1\r\n`],
    ['a field at its end', [{ kind: 'append', field: 'X: 1\r\n' }], `${header}X: 1\r\n`],
    ['two at one place', [insert(0, 'X: 1'), insert(0, 'Y: 1')], `Y: 1\r\nX: 1\r\n${header}`],
    ['a field removed', [remove('b', 1)], 'A: 1\r\na: 2\r\nC: 1\r\nA: 3\r\n'],
    ['the second of three', [remove('A', 2)], 'A: 1\r\nB: 1\r\n folded\r\nC: 1\r\nA: 3\r\n'],
    ['the last of three', [remove('A', -1)], 'A: 1\r\nB: 1\r\n folded\r\na: 2\r\nC: 1\r\n'],
    ['the last but one', [remove('A', -2)], 'A: 1\r\nB: 1\r\n folded\r\nC: 1\r\nA: 3\r\n'],
    ['all of a name', [remove('a', 0)], 'B: 1\r\n folded\r\nC: 1\r\n'],
    ['one that is not there', [remove('A', 4), remove('Z', 0)], header],
    [
      'one removed, then what is the second now',
      [remove('A', 1), remove('A', 2)],
      'B: 1\r\n folded\r\na: 2\r\nC: 1\r\n',
    ],
    ['a field changed', [replace('B', 1, 'B: 2')], 'A: 1\r\nB: 2\r\na: 2\r\nC: 1\r\nA: 3\r\n'],
    ['a field changed that is not there', [replace('Z', 1, 'Z: 2')], `${header}Z: 2\r\n`],
    [
      'fields by their place, whatever is inserted besides',
      [
        insert(0, 'X: 1'),
        { kind: 'replace-stored', position: 1, field: '' },
        { kind: 'replace-stored', position: 3, field: 'N: 1\r\nC: 9\r\n' },
      ],
      'X: 1\r\nA: 1\r\na: 2\r\nN: 1\r\nC: 9\r\nA: 3\r\n',
    ],
  ])('with %s', (_, edits, expected) => {
    expect(editHeader(header, edits)).toBe(expected)
  })

  it('of many fields costs no more for many of them', () => {
    const many = 'A:\r\n'.repeat(EDITED_FIELDS_MAX)
    const edits = Array.from({ length: EDITED_FIELDS_MAX }, (_, position) => {
      return { kind: 'replace-stored', position, field: '' } as const
    })
    expect(editHeader(many, edits)).toBe('')
  })

  it('of more fields than each edit could look at is not edited', () => {
    const more = 'A:\r\n'.repeat(EDITED_FIELDS_MAX + 1)
    expect(() => editHeader(more, [])).toThrow(HeaderTooLong)
  })
})

describe('a message', () => {
  const body = '\r\nbody\r\n\r\nmore\r\n'
  const edits = [remove('b', 1)]
  const expected = 'A: 1\r\na: 2\r\nC: 1\r\nA: 3\r\n'

  it.each([1, 2, 7, 1_000])('in pieces of %i bytes has its body untouched', async (size) => {
    expect(await textOf(edited(pieces(header + body, size), edits))).toBe(expected + body)
  })

  it('without fields may get one', async () => {
    expect(await textOf(edited(pieces(body, 3), [insert(0, 'X: 1')]))).toBe(`X: 1\r\n${body}`)
  })

  it('that is nothing but a header gets its end', async () => {
    expect(await textOf(edited(pieces(header, 5), edits))).toBe(`${expected}\r\n`)
    expect(await textOf(edited(pieces('A: 1', 5), []))).toBe('A: 1\r\n\r\n')
  })

  it('gets another body in place of its own', async () => {
    const other = pieces('other\r\n', 2)
    expect(await textOf(edited(pieces(header + body, 9), edits, other))).toBe(
      `${expected}\r\nother\r\n`,
    )
  })

  it('of a header that is too long is not edited', async () => {
    const field = `A: ${'1'.repeat(995)}\r\n`
    const fits = field.repeat(Math.floor(EDITED_HEADER_BYTES_MAX / field.length) - 1)
    expect((await textOf(edited(pieces(fits + body, 60_000), edits))).length).toBe(
      fits.length + body.length,
    )
    const tooLong = edited(pieces(`${fits}${field.repeat(9)}${body}`, 60_000), edits)
    await expect(textOf(tooLong)).rejects.toThrow(HeaderTooLong)
  })
})

function insert(before: number, text: string): HeaderEdit {
  return { kind: 'insert', before, field: `${text}\r\n` }
}

function replace(name: string, occurrence: number, text: string): HeaderEdit {
  return { kind: 'replace', name, occurrence, field: `${text}\r\n` }
}

function remove(name: string, occurrence: number): HeaderEdit {
  return { kind: 'remove', name, occurrence }
}

async function* pieces(text: string, size: number) {
  for (let at = 0; at < text.length; at += size) {
    yield Buffer.from(text.slice(at, at + size), 'latin1')
  }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString('latin1')
}
