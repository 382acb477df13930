import { describe, expect, it } from 'vitest'
import { ANSWER_BYTES_MAX, personAt, type Terminal, TypedLine } from '#services/cli/terminal.ts'

/** Types these chunks; tells what was done to the terminal meanwhile. */
function terminal(...chunks: readonly string[]) {
  const log: string[] = []
  const typed: Terminal = {
    setRawMode: (raw) => log.push(raw ? 'unseen' : 'seen'),
    ref: () => log.push('waits'),
    unref: () => log.push('need not wait'),
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) yield Buffer.from(chunk)
    },
  }
  return { log, person: personAt(typed, (text) => log.push(`says ${text}`)) }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8')

describe('a hidden answer', () => {
  it('is typed while the terminal shows nothing, and only then', async () => {
    const { log, person } = terminal('sec', 'ret\r')
    expect(text(await person.askHidden('password: '))).toBe('secret')
    expect(log).toEqual([
      'unseen',
      'says password: ',
      'waits',
      'need not wait',
      'waits',
      'need not wait',
      'seen',
      'says \n',
    ])
  })

  it.each([
    ['a deleted character', 'secrex\x7ft\r', 'secret'],
    ['a deleted character of several bytes', 'Gr\u00fc\x08\u00fc\u00dfe\r', 'Gr\u00fc\u00dfe'],
    ['more deleted than there is', 'a\x7f\x7f\x7fb\r', 'b'],
    ['a line begun again', 'wrong\x15right\n', 'right'],
    ['keys that write nothing', 'a\x01\tb\r', 'ab'],
    ['nothing', '\r', ''],
  ])('with %s', async (_, typed, expected) => {
    expect(text(await terminal(typed).person.askHidden('?'))).toBe(expected)
  })

  it('leaves what is typed behind it to the next question', async () => {
    const { person } = terminal('one\rtwo\rthr', 'ee\n')
    expect(text(await person.askHidden('?'))).toBe('one')
    expect(text(await person.askHidden('?'))).toBe('two')
    expect(await person.ask('?')).toBe('three')
  })

  it.each([
    ['Ctrl-C', 'sec\x03', /interrupted/],
    ['the end of the input', 'sec', /ended before an answer/],
    ['more than a line holds', 'x'.repeat(ANSWER_BYTES_MAX + 1), /4096 bytes at most/],
  ])('ends with %s, and the terminal shows again what is typed', async (_, typed, expected) => {
    const { log, person } = terminal(typed)
    await expect(person.askHidden('?')).rejects.toThrow(expected)
    expect(log.slice(-2)).toEqual(['seen', 'says \n'])
  })

  it('has so many bytes at most', () => {
    const line = new TypedLine()
    expect(line.push(Buffer.from('x'.repeat(ANSWER_BYTES_MAX))).kind).toBe('more')
    expect(line.push(Buffer.from('\r'))).toMatchObject({ kind: 'line' })
  })
})
