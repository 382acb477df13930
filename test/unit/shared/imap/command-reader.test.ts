import { describe, expect, it } from 'vitest'
import { CommandReader, type ReaderEvent, readerLimits } from '#shared/imap/command-reader.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

/** What to do about the literals, in their order; `buffer` for those beyond. */
type Decision = 'buffer' | 'stream' | 'refuse'

/** Events as short text, chunks of one literal joined so that torn input gives the same. */
function play(
  input: string,
  decisions: readonly Decision[] = [],
  options: { readonly chunkBytes?: number; readonly limits?: Partial<typeof readerLimits> } = {},
): string[] {
  const reader = new CommandReader({ ...readerLimits, ...options.limits })
  const told: string[] = []
  const left = [...decisions]
  let streamed = ''
  const tell = (event: ReaderEvent) => {
    switch (event.kind) {
      case 'command':
        told.push(`command ${event.segments.map(segmentText).join('')}`)
        return
      case 'literal': {
        const { bytes: length, synchronising, binary } = event.literal
        const kind = `${binary ? '~' : ''}{${length}${synchronising ? '' : '+'}}`
        const objection = event.malformed ? ' malformed' : event.fits ? '' : ' too large'
        told.push(`literal ${event.segments.map(segmentText).join('')}${kind}${objection}`)
        reader[left.shift() ?? 'buffer']()
        return
      }
      case 'chunk':
        streamed += event.bytes.toString('latin1')
        if (!event.last) return
        told.push(`streamed ${streamed}`)
        streamed = ''
        return
      case 'too-long':
        told.push(`too-long ${event.start.toString('latin1')}`)
    }
  }
  const size = options.chunkBytes ?? input.length
  for (let at = 0; at < input.length; at += size) {
    reader.push(bytes(input.slice(at, at + size)))
    for (let event = reader.next(); event !== undefined; event = reader.next()) tell(event)
  }
  return told
}

function segmentText(segment: {
  readonly kind: string
  readonly bytes?: Buffer
  readonly binary?: boolean
}): string {
  const text = segment.bytes?.toString('latin1') ?? ''
  if (segment.kind === 'announced') return ''
  return segment.kind === 'literal' ? `<${segment.binary ? '~' : ''}${text}>` : text
}

const dialogues: {
  readonly name: string
  readonly input: string
  readonly decisions?: readonly Decision[]
  readonly told: readonly string[]
}[] = [
  {
    name: 'gives pipelined commands one after the other',
    input: 'a NOOP\r\nb CAPABILITY\r\nc LOGOUT\r\n',
    told: ['command a NOOP', 'command b CAPABILITY', 'command c LOGOUT'],
  },
  {
    name: 'takes a bare LF for a line end (quirks.ts)',
    input: 'a NOOP\nb NOOP\r\n',
    told: ['command a NOOP', 'command b NOOP'],
  },
  {
    name: 'leaves a CR inside a line in it',
    input: 'a NO\rOP\r\n',
    told: ['command a NO\rOP'],
  },
  {
    name: 'passes over empty lines between commands (quirks.ts)',
    input: '\r\na NOOP\r\n\r\n\nb NOOP\r\n',
    told: ['command a NOOP', 'command b NOOP'],
  },
  {
    // RFC 9051 §6.2.3 with literals
    name: 'collects synchronising literals',
    input: 'a LOGIN {4}\r\nfred {6}\r\nsecret\r\nb NOOP\r\n',
    told: [
      'literal a LOGIN {4}',
      'literal a LOGIN <fred> {6}',
      'command a LOGIN <fred> <secret>',
      'command b NOOP',
    ],
  },
  {
    name: 'collects non-synchronising literals (RFC 7888) and literal8 (RFC 3516)',
    input: 'a X {4+}\r\n\r\n\r\n ~{1+}\r\n\0 ~{2}\r\n{}\r\n',
    told: [
      'literal a X {4+}',
      'literal a X <\r\n\r\n> ~{1+}',
      'literal a X <\r\n\r\n> <~\0> ~{2}',
      'command a X <\r\n\r\n> <~\0> <~{}>',
    ],
  },
  {
    name: 'gives an empty literal',
    input: 'a X {0}\r\n\r\n',
    told: ['literal a X {0}', 'command a X <>'],
  },
  {
    name: 'streams a literal and begins anew after it',
    input: 'a APPEND x {5}\r\nhello\r\nb NOOP\r\n',
    decisions: ['stream'],
    told: ['literal a APPEND x {5}', 'streamed hello', 'command ', 'command b NOOP'],
  },
  {
    name: 'streams an empty literal as one last chunk',
    input: 'a APPEND x {0+}\r\n\r\n',
    decisions: ['stream'],
    told: ['literal a APPEND x {0+}', 'streamed ', 'command '],
  },
  {
    // RFC 3502 §3, RFC 4469 §3
    name: 'streams several literals of one command, buffering others between them',
    input: 'a APPEND {1+}\r\nx (\\Seen) {3+}\r\nabc CATENATE (URL {1+}\r\nu TEXT {2+}\r\nde)\r\n',
    decisions: ['buffer', 'stream', 'buffer', 'stream'],
    told: [
      'literal a APPEND {1+}',
      'literal a APPEND <x> (\\Seen) {3+}',
      'streamed abc',
      'literal  CATENATE (URL {1+}',
      'literal  CATENATE (URL <u> TEXT {2+}',
      'streamed de',
      'command )',
    ],
  },
  {
    name: 'ends a command at a refused synchronising literal, whose bytes never come',
    input: 'a APPEND x {999999}\r\nb NOOP\r\n',
    decisions: ['refuse'],
    told: ['literal a APPEND x {999999} too large', 'command b NOOP'],
  },
  {
    name: 'skips a refused non-synchronising literal and the rest of its command',
    input: 'a X {9+}\r\nz NOOP\r\n. {3+}\r\n\r\n. tail\r\nb NOOP\r\n',
    decisions: ['refuse'],
    told: ['literal a X {9+}', 'command b NOOP'],
  },
  {
    name: 'ends a refused command where the client waits for a continuation',
    input: 'a X {1+}\r\n. {3}\r\nb NOOP\r\n',
    decisions: ['refuse'],
    told: ['literal a X {1+}', 'command b NOOP'],
  },
  {
    name: 'takes no brace inside a quoted string for a literal',
    input: 'a LOGIN "x {3}" y\r\nb LOGIN "\\"" {1}\r\nx\r\n',
    told: ['command a LOGIN "x {3}" y', 'literal b LOGIN "\\"" {1}', 'command b LOGIN "\\"" <x>'],
  },
  {
    // A quoted string ends on its line: the client that sent this means a literal, or waits for our answer.
    name: 'skips the literal behind a quote that is never closed',
    input:
      'a LOGIN "x {9+}\r\nz NOOP\r\n. \r\nb X "\\{9+}\r\nz NOOP\r\n.\r\nc X "{3}\r\nd NOOP\r\n',
    decisions: ['refuse', 'refuse', 'refuse'],
    told: [
      'literal a LOGIN "x {9+} malformed',
      'literal b X "\\{9+} malformed',
      'literal c X "{3} malformed',
      'command d NOOP',
    ],
  },
  {
    name: 'takes malformed announcements for text',
    input: ['{}', '{+}', '{1-}', '{-1}', '{1++}', '{a}', '1}', '}', '{1} ']
      .map((end) => `a X ${end}\r\n`)
      .join(''),
    told: ['{}', '{+}', '{1-}', '{-1}', '{1++}', '{a}', '1}', '}', '{1} '].map(
      (end) => `command a X ${end}`,
    ),
  },
]

// number64 = 1*DIGIT: whoever announces very much, or with zeros in front, sends content and no commands.
dialogues.push({
  name: 'takes any number of digits for a number',
  input: 'a X {0000000000000000000000000003+}\r\nabc\r\nb X {12345678901234567890}\r\nc NOOP\r\n',
  decisions: ['buffer', 'refuse'],
  told: [
    'literal a X {3+}',
    'command a X <abc>',
    `literal b X {${Number.MAX_SAFE_INTEGER}} too large`,
    'command c NOOP',
  ],
})

describe('CommandReader', () => {
  for (const { name, input, decisions, told } of dialogues) {
    it(name, () => {
      expect(play(input, decisions)).toEqual(told)
    })
  }

  it('gives the same events however the input is torn', () => {
    for (const { name, input, decisions, told } of dialogues) {
      for (const chunkBytes of [1, 2, 3, 5, 7, 11]) {
        expect(play(input, decisions, { chunkBytes }), `${name} by ${chunkBytes}`).toEqual(told)
      }
      for (let at = 1; at < input.length; at++) {
        const reader = play(input, decisions, { chunkBytes: at })
        expect(reader, `${name} torn at ${at}`).toEqual(told)
      }
    }
  })

  it('takes a line of the limit and reports one byte more once, then goes on', () => {
    const limits = { lineBytesMax: 20 }
    const fits = `a ${'x'.repeat(18)}`
    const over = `b ${'x'.repeat(19)}`
    for (const end of ['\r\n', '\n']) {
      for (const chunkBytes of [1, 4, 1000]) {
        expect(
          play(`${fits}${end}${over}${end}c NOOP${end}`, [], { chunkBytes, limits }).map((event) =>
            event.slice(0, 11),
          ),
        ).toEqual([`command a x`, 'too-long b ', 'command c N'])
      }
    }
  })

  it('reports a line over the limit before its end has come', () => {
    const reader = new CommandReader({ ...readerLimits, lineBytesMax: 20 })
    reader.push(bytes('tag '.padEnd(23, 'x')))
    const event = reader.next()
    expect(event?.kind).toBe('too-long')
    expect(event?.kind === 'too-long' && event.start.toString()).toBe('tag '.padEnd(23, 'x'))
    reader.push(bytes('x'.repeat(500)))
    expect(reader.next()).toBeUndefined()
    expect(reader.pendingBytes).toBe(0)
    reader.push(bytes('\r\nb NOOP\r\n'))
    expect(reader.next()?.kind).toBe('command')
  })

  it('skips the non-synchronising literal that a line over the limit announces', () => {
    const limits = { lineBytesMax: 20 }
    const input = `a ${'x'.repeat(40)} {9+}\r\nz NOOP\r\n. tail\r\nb NOOP\r\n`
    for (const chunkBytes of [1, 3, 30, 1000]) {
      const told = play(input, [], { chunkBytes, limits })
      expect(told.map((event) => event.slice(0, 10))).toEqual(['too-long a', 'command b '])
    }
  })

  it('says that a literal of the limit fits and one byte more does not', () => {
    const limits = { literalBytesMax: 10 }
    expect(play('a {10}\r\n', ['refuse'], { limits })).toEqual(['literal a {10}'])
    expect(play('a {11}\r\n', ['refuse'], { limits })).toEqual(['literal a {11} too large'])
  })

  it('counts lines and buffered literals against the limit of a command', () => {
    const limits = { commandBytesMax: 20 }
    // 'a {8}' is 5 bytes, its literal 8, the line after it ' {2}' 4: 17 before the second literal.
    expect(play('a {8}\r\n12345678 {3}\r\n', ['buffer', 'refuse'], { limits })).toEqual([
      'literal a {8}',
      'literal a <12345678> {3}',
    ])
    expect(play('a {8}\r\n12345678 {4}\r\n', ['buffer', 'refuse'], { limits })).toEqual([
      'literal a {8}',
      'literal a <12345678> {4} too large',
    ])
    const line = (length: number) => `a {8}\r\n12345678${'x'.repeat(length)}\r\nb NOOP\r\n`
    expect(play(line(7), [], { limits }).at(-2)).toBe('command a <12345678>xxxxxxx')
    expect(play(line(8), [], { limits }).slice(-2)).toEqual(['too-long a ', 'command b NOOP'])
  })

  it('limits the literals of a command', () => {
    const limits = { literalsMax: 2 }
    const told = play('a {1+}\r\nx{1+}\r\nx{1+}\r\nx\r\n', ['buffer', 'buffer', 'refuse'], {
      limits,
    })
    expect(told.at(-1)).toBe('literal a <x><x>{1+} too large')
  })

  it('counts anew after a streamed literal', () => {
    const limits = { literalsMax: 1, commandBytesMax: 30 }
    const piece = '{1+}\r\nx{20+}\r\n12345678901234567890'
    const told = play(`a ${piece}${piece}\r\n`, ['buffer', 'stream', 'buffer', 'stream'], {
      limits,
    })
    expect(told.filter((event) => event.startsWith('streamed'))).toHaveLength(2)
    expect(told.join()).not.toContain('literal a <x>{1+}')
    expect(told.at(-1)).toBe('command ')
  })

  it('refuses a command while its literal is streamed, and after that', () => {
    for (const consume of [1, 2]) {
      const reader = new CommandReader()
      reader.push(bytes('a APPEND x {4+}\r\nab'))
      expect(reader.next()?.kind).toBe('literal')
      reader.stream()
      expect(reader.next()).toMatchObject({ kind: 'chunk', last: false })
      if (consume === 1) reader.refuse()
      reader.push(bytes('cd'))
      if (consume === 2) {
        expect(reader.next()).toMatchObject({ kind: 'chunk', last: true })
        reader.refuse()
      }
      reader.push(bytes(' {3+}\r\n\r\n. x\r\nb NOOP\r\n'))
      expect(reader.next()).toMatchObject({
        kind: 'command',
        segments: [{ kind: 'text', bytes: bytes('b NOOP') }],
      })
    }
  })

  it('does nothing when refused between commands', () => {
    const reader = new CommandReader()
    reader.refuse()
    reader.push(bytes('a NOOP\r\n'))
    expect(reader.next()?.kind).toBe('command')
  })

  it('holds back the chunks of a streamed literal until they are asked for', () => {
    const reader = new CommandReader()
    reader.push(bytes('a APPEND x {6}\r\nab'))
    reader.next()
    reader.stream()
    reader.push(bytes('cdef\r\n'))
    expect(reader.pendingBytes).toBe(8)
    expect(reader.next()).toEqual({ kind: 'chunk', bytes: bytes('ab'), last: false })
    expect(reader.pendingBytes).toBe(6)
  })

  it('throws when a literal is announced and nothing is decided', () => {
    const reader = new CommandReader()
    reader.push(bytes('a {1}\r\n'))
    reader.next()
    expect(() => reader.next()).toThrow('neither buffered')
    expect(() => reader.nextLine()).toThrow('inside a command')
  })

  it('throws when there is no literal to buffer or to stream', () => {
    const reader = new CommandReader()
    expect(() => reader.buffer()).toThrow('no literal')
    expect(() => reader.stream()).toThrow('no literal')
  })

  it('hands a literal within one chunk out without copying', () => {
    const reader = new CommandReader()
    const chunk = bytes('a {5}\r\nhello\r\n')
    reader.push(chunk)
    reader.next()
    reader.buffer()
    const event = reader.next()
    const literal = event?.kind === 'command' ? event.segments[1] : undefined
    expect(literal?.kind === 'literal' && literal.bytes.buffer === chunk.buffer).toBe(true)
  })
})

describe('CommandReader.nextLine', () => {
  it('gives lines as they are, empty ones and announcements too', () => {
    const reader = new CommandReader()
    reader.push(bytes('DONE\r\n\r\nabc {3}\r\nx NOOP\r\n'))
    expect(reader.nextLine()).toEqual({ kind: 'line', text: bytes('DONE') })
    expect(reader.nextLine()).toEqual({ kind: 'line', text: bytes('') })
    expect(reader.nextLine()).toEqual({ kind: 'line', text: bytes('abc {3}') })
    expect(reader.next()?.kind).toBe('command')
    expect(reader.nextLine()).toBeUndefined()
  })

  it('reports a line over the limit once and goes on', () => {
    const reader = new CommandReader({ ...readerLimits, lineBytesMax: 10 })
    reader.push(bytes(`${'x'.repeat(11)}\r\n${'x'.repeat(100)}`))
    expect(reader.nextLine()).toEqual({ kind: 'too-long' })
    expect(reader.nextLine()).toEqual({ kind: 'too-long' })
    reader.push(bytes('xx\r\nDONE\r\n'))
    expect(reader.nextLine()).toEqual({ kind: 'line', text: bytes('DONE') })
  })

  it('skips the literals of a line that was refused, and of no other', () => {
    const input = 'a APPEND x "{1}" {9+}\r\nz NOOP\r\n. {3}\r\nb NOOP\r\n'
    const reader = new CommandReader()
    reader.push(bytes(input))
    expect(reader.nextLine()?.kind).toBe('line')
    reader.refuse()
    expect(reader.next()).toMatchObject({ segments: [{ bytes: bytes('b NOOP') }] })
    reader.push(bytes(input))
    expect(reader.nextLine()?.kind).toBe('line')
    expect(reader.next()).toMatchObject({ segments: [{ bytes: bytes('z NOOP') }] })
    reader.refuse()
    expect(reader.next()?.kind).toBe('literal')
  })

  it('skips what is left of a refused command first', () => {
    const reader = new CommandReader()
    reader.push(bytes('a X {4+}\r\n'))
    reader.next()
    reader.refuse()
    reader.push(bytes('ab'))
    expect(reader.nextLine()).toBeUndefined()
    reader.push(bytes('cd tail\r\nDONE\r\n'))
    expect(reader.nextLine()).toEqual({ kind: 'line', text: bytes('DONE') })
  })
})

describe('CommandReader.takeRest', () => {
  it('gives the bytes after a command, which are no commands any more', () => {
    const reader = new CommandReader()
    reader.push(bytes('a COMPRESS DEFLATE\r\n\x78\x9c'))
    reader.push(bytes('\n\n'))
    expect(reader.next()?.kind).toBe('command')
    expect(reader.takeRest()).toEqual(bytes('\x78\x9c\n\n'))
    expect(reader.pendingBytes).toBe(0)
    expect(reader.next()).toBeUndefined()
  })
})
