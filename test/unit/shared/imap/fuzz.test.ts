// The grammar under random and damaged input: commands of test/fixtures/imap-fuzz, whole, torn anywhere and mutated. Seeds are fixed,
// so a failure comes again.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CommandReader, type ReaderEvent, readerLimits } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { AppendParser, commandParsers } from './command-parsers.ts'

const corpus = readFileSync(
  new URL('../../../fixtures/imap-fuzz/commands.txt', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line): string => (line.startsWith('"') ? JSON.parse(line) : line))
  .map((text) => Buffer.from(text, 'utf8').toString('latin1'))

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const fragments = [
  ...[
    '(',
    ')',
    '"',
    '\\',
    ' ',
    '  ',
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\x7f',
    '\xff',
    '{',
    '}',
    '{3}\r\n',
    '{3+}\r\n',
  ],
  ...[
    '~{2+}\r\n',
    '{0+}\r\n',
    '*',
    '%',
    '$',
    ':',
    ',',
    '.',
    '[',
    ']',
    '<',
    '>',
    '&',
    '+',
    '-',
    '0',
    '1',
    '4294967296',
  ],
  ...[
    'NIL',
    'OR ',
    'NOT ',
    '((((',
    'BODY[',
    '1:*,',
    'UID ',
    '99999999999999999999',
    '&AP',
    '\xc3\xa4',
    'UTF8 (~{1+}\r\n',
  ],
]

function mutate(text: string, random: (below: number) => number): string {
  let mutated = text
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(mutated.length + 1)
    const until = Math.min(mutated.length, at + random(6))
    const fragment = fragments[random(fragments.length)] ?? ''
    const kind = random(5)
    if (kind === 0) mutated = mutated.slice(0, at) + mutated.slice(until)
    else if (kind === 1) mutated = mutated.slice(0, at) + fragment + mutated.slice(at)
    else if (kind === 2) mutated = mutated.slice(0, at) + fragment + mutated.slice(until)
    else if (kind === 3) mutated += mutated.slice(at, until + random(20))
    else mutated = mutated.slice(0, at) + String.fromCharCode(random(256)) + mutated.slice(at + 1)
  }
  return mutated
}

/** What a session makes of the input: one line for each command. Throws what is no ImapSyntaxError. */
function session(input: string, chunkSize: () => number): string[] {
  const reader = new CommandReader({ ...readerLimits, lineBytesMax: 2000, literalBytesMax: 500 })
  const told: string[] = []
  const streaming = new AppendParser(reader)
  const handle = (event: ReaderEvent) => {
    switch (event.kind) {
      case 'chunk':
        return streaming.chunk(event)
      case 'too-long':
        told.push(`too-long ${event.start.toString('latin1')}`)
        return
      case 'literal':
      case 'command':
        told.push(...answer(event, reader, streaming))
    }
  }
  let at = 0
  while (at < input.length) {
    const size = chunkSize()
    reader.push(Buffer.from(input.slice(at, at + size), 'latin1'))
    at += size
    for (let event = reader.next(); event !== undefined; event = reader.next()) handle(event)
  }
  return told
}

function answer(
  event: Extract<ReaderEvent, { readonly kind: 'literal' | 'command' }>,
  reader: CommandReader,
  streaming: AppendParser,
): string[] {
  try {
    if (streaming.takes(event)) return streaming.told()
    if (event.kind === 'literal') {
      if (event.fits) reader.buffer()
      else reader.refuse()
      return event.fits ? [] : ['too large']
    }
    const cursor = new Cursor(event.segments)
    const tag = cursor.tag()
    cursor.space()
    let name = cursor.keyword()
    if (name === 'UID') {
      cursor.space()
      name = `UID ${cursor.keyword()}`
    }
    const parse = commandParsers.get(name)
    if (parse === undefined) return [`${tag} unknown ${name}`]
    const parsed = parse(cursor)
    cursor.end()
    return [`${tag} ${name} ${JSON.stringify(parsed)}`]
  } catch (error) {
    if (!(error instanceof ImapSyntaxError)) throw error
    streaming.abandon()
    // text = 1*TEXT-CHAR, not to be taken for a response code
    expect(error.message).toMatch(/^[A-Za-z\d*\\$][\x20-\x7e]*$/)
    return [`BAD ${error.message}`]
  }
}

const wholly = () => Number.MAX_SAFE_INTEGER

describe('the grammar', () => {
  it('reads every command of the corpus', () => {
    for (const text of corpus) {
      const told = session(`${text}\r\n`, wholly)
      expect(told, text).toHaveLength(1)
      expect(told[0], text).toMatch(/^a\d{3} (?!unknown)/)
    }
  })

  it('has a command in the corpus for every parser', () => {
    const used = new Set(
      corpus.map((text) => /^\S+ ((?:UID )?[A-Z]+)/.exec(text)?.[1]?.replace(/^UID /, '')),
    )
    for (const name of commandParsers.keys()) expect(used).toContain(name.replace(/^UID /, ''))
  })

  it('reads the same commands however they are torn', () => {
    const input = corpus.map((text) => `${text}\r\n`).join('')
    const told = session(input, wholly)
    expect(told).toHaveLength(corpus.length)
    for (const size of [1, 2, 3, 7, 64, 1000]) expect(session(input, () => size)).toEqual(told)
    const random = randomFrom(1)
    for (let round = 0; round < 20; round++) {
      expect(session(input, () => 1 + random(50))).toEqual(told)
    }
  })

  it('answers damaged commands with syntax errors alone, the same however they are torn', () => {
    const random = randomFrom(2)
    let bad = 0
    for (let round = 0; round < 6000; round++) {
      const text = corpus[random(corpus.length)] ?? ''
      const input = `${mutate(text, random)}\r\nz1 NOOP\r\n`
      const told = session(input, wholly)
      if (told.some((line) => line.startsWith('BAD'))) bad++
      if (round % 4 === 0) {
        expect(
          session(input, () => 1),
          JSON.stringify(input),
        ).toEqual(told)
        expect(
          session(input, () => 1 + random(30)),
          JSON.stringify(input),
        ).toEqual(told)
      }
    }
    expect(bad).toBeGreaterThan(2000)
  })

  it('lives on after a damaged command whose literals are in order', () => {
    const random = randomFrom(3)
    for (let round = 0; round < 3000; round++) {
      const text = corpus[random(corpus.length)] ?? ''
      const damaged = mutate(text, random)
      // Literals change what the next line belongs to; that they keep in step is shown above.
      if (/[{}]/.test(damaged)) continue
      expect(session(`${damaged}\r\nz1 NOOP\r\n`, wholly).at(-1), JSON.stringify(damaged)).toBe(
        'z1 NOOP null',
      )
    }
  })

  it('takes random bytes', () => {
    const random = randomFrom(4)
    const alphabet = 'a1 (){}+~"\\\r\n[]<>.:*%,$&\0\xff'
    for (let round = 0; round < 1500; round++) {
      let input = ''
      for (let length = random(200); length > 0; length--) {
        input +=
          random(3) === 0 ? String.fromCharCode(random(256)) : alphabet[random(alphabet.length)]
      }
      const told = session(input, wholly)
      expect(
        session(input, () => 1 + random(9)),
        JSON.stringify(input),
      ).toEqual(told)
    }
  })
})
