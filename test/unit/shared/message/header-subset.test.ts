import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Section } from '#shared/mail/section.ts'
import {
  FieldNames,
  type FieldSelection,
  IndexedHeader,
  indexHeader,
  selectFields,
} from '#shared/message/header-subset.ts'
import { sectionSpan } from '#shared/message/section-span.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { storedMessage } from '#test/support/stored-message.ts'

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

/** As a command with this selection alone has it. */
async function subsetOf(text: string, selection: FieldSelection): Promise<string> {
  const indexed = await IndexedHeader.read(Buffer.from(text, 'latin1'), selection.all)
  return (await indexed.subset(selection)).toString('latin1')
}
const only = (...names: string[]) => subsetOf(header, selectFields(names, false))
const without = (...names: string[]) => subsetOf(header, selectFields(names, true))

describe('IndexedHeader', () => {
  it('keeps every field of a name with its folds, in their order', async () => {
    expect(await only('received')).toBe(
      'Received: one\r\n\tfolded: not a field\r\nRECEIVED: two\r\n\r\n',
    )
  })

  it('knows a name before obsolete white space', async () => {
    expect(await only('SUBJECT')).toBe('Subject : with a space\r\n\r\n')
  })

  it('does not take a fold for a field', async () => {
    expect(await only('folded')).toBe('\r\n')
  })

  it('leaves out what is named and keeps all else, lines that are no field too', async () => {
    expect(await without('Received', 'X-Empty')).toBe(
      'From someone Fri Nov 20 12:00:00 2026\r\nSubject : with a space\r\n\r\n',
    )
  })

  it('ends with the empty line as it was sent, and without one where there is none', async () => {
    const fields = selectFields(['a'], false)
    expect(await subsetOf('A: 1\nB: 2\n\n', fields)).toBe('A: 1\n\n')
    expect(await subsetOf('B: 2\r\nA: 1', fields)).toBe('A: 1')
    expect(await subsetOf('', fields)).toBe('')
  })

  it('finds what a search of the whole header finds', async () => {
    const pieces = fc.constantFrom(
      'a:1',
      'B : 2',
      'c',
      ':',
      ' fold',
      '\t:',
      '\r\n',
      '\n',
      '\r',
      ' ',
      '\xa0',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(pieces, { maxLength: 30 }),
        fc.subarray(['a', 'B', 'c', 'd', 'fold']),
        fc.boolean(),
        async (all, names, not) => {
          const text = all.join('')
          expect(await subsetOf(text, selectFields(names, not))).toBe(naive(text, names, not))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('answers several selections of one command from one reading', async () => {
    const names = new FieldNames()
    const [one, other] = [
      selectFields(['Received'], false, names),
      selectFields(['x-empty'], true, names),
    ]
    const indexed = await IndexedHeader.read(Buffer.from(header), names)
    expect(`${await indexed.subset(one)}`).toBe(await only('received'))
    expect(`${await indexed.subset(other)}`).toBe(await without('X-EMPTY'))
  })

  it.each(['x\n', 'xx:\n', 'xx:\n ', ':\n', ' \n', '\t \t ', ': '])(
    'looks at each byte of a header of %j a few times, however long it is',
    async (line) => {
      const looksOf = async (lines: number) => {
        let looks = 0
        const counted = new Proxy(Buffer.from(line.repeat(lines)), {
          get(target, key) {
            if (typeof key === 'string' && /^\d/.test(key)) looks++
            return Reflect.get(target, key)
          },
        })
        const { all } = selectFields(['from'], false)
        await IndexedHeader.read(counted, all)
        return looks
      }
      const looks = await looksOf(2_000)
      expect(looks).toBeLessThan(6 * 2_000 * line.length)
      expect(await looksOf(8_000)).toBeLessThan(4.1 * looks)
    },
  )

  it('lets others have their turn', async () => {
    let steps = 0
    const turns = { step: () => void steps++ }
    const long = Buffer.from('a:\nb:\n'.repeat(100_000))
    const selection = selectFields(['a'], true)
    const indexed = await IndexedHeader.read(long, selection.all, turns)
    expect(steps).toBe(Math.ceil(long.length / 65_536))
    steps = 0
    expect(await indexed.subset(selection)).toHaveLength(300_000)
    expect(steps).toBeGreaterThan(40)
  })
})

/** Line by line, from its definition. */
function naive(header: string, names: readonly string[], not: boolean): string {
  let subset = ''
  for (const field of header.match(/(?:[^\n]|\n[ \t])*(?:\n(?![ \t])|$)/g) ?? []) {
    if (field === '') break
    if (/^\r?\n/.test(field)) return subset + /^\r?\n/.exec(field)?.[0]
    const colon = field.indexOf(':')
    const name = colon < 0 ? '' : field.slice(0, colon).replace(/[ \t\r\n]+$/, '')
    const isNamed = name !== '' && names.some((each) => each.toLowerCase() === name.toLowerCase())
    if (isNamed !== not) subset += field
  }
  return subset
}

describe('indexHeader', () => {
  const inner = 'Subject: inner\r\nX-A: 1\r\n\r\nbody\r\n'
  const { object, blob } = storedMessage(
    `Subject: outer\r\nContent-Type: message/rfc822\r\n\r\n${inner}`,
  )
  const message = new StoredMessage(object, blob, 'X-A: added\r\n')
  const fields = async (section: Section, ...names: readonly string[]) => {
    const span = sectionSpan(message, section)
    const selection = selectFields(names, false)
    if (span === undefined) throw new Error('no such part')
    return `${await (await indexHeader(message, span, selection.all)).subset(selection)}`
  }

  it('reads the header of the message, added fields included', async () => {
    expect(await fields({ kind: 'header', part: [] }, 'subject', 'x-a')).toBe(
      'X-A: added\r\nSubject: outer\r\n\r\n',
    )
  })

  it('reads that of a message inside it', async () => {
    expect(await fields({ kind: 'header', part: [1] }, 'subject', 'x-a')).toBe(
      'Subject: inner\r\nX-A: 1\r\n\r\n',
    )
  })
})
