// Whatever becomes of a command, the reader afterwards stands at the octet behind it: what a client sends as the content of a
// message is never read as a command. Random clients against the reader, its limits and its refusals; a client knows where its
// commands end because it made them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommandReader, type readerLimits } from '#shared/imap/command-reader.ts'

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'literal'
      readonly bytes: string
      readonly waits: boolean
      readonly binary: boolean
      /** Zeros before the number. */
      readonly zeros: number
    }
type Sent = readonly Piece[]
type Decision = 'buffer' | 'stream' | 'refuse' | 'refuse-later'

// What would do harm as a command, and what looks like the end of a line, of a quoted string or an announcement.
const evil = 'x DELETE Archive'
const words = fc.constantFrom(
  ' "20-Nov-2026 10:00:00 +0000"',
  ' (\\Seen)',
  ' CATENATE (URL "/INBOX/;UID=1/;SECTION=TEXT" TEXT',
  ' "a \\" {3+}"',
  ' "\\\\"',
  ' {5+}',
  ' {5+} ',
  ' ~{2}x',
  ' {',
  '}',
  ' "{9}"',
  ` ${'long'.repeat(12)}`,
  ` "${'{7+}'.repeat(12)}"`,
)
const text = fc.array(words, { maxLength: 4 }).map((all) => ({
  kind: 'text' as const,
  // Only what is made below is an announcement.
  text: `${all.join('')} `,
}))
const content = fc
  .array(fc.constantFrom(`${evil}\r\n`, `\r\n${evil}\r\n`, '"', '\\', 'a {3+}\r\n', 'text', '\n'), {
    maxLength: 4,
  })
  .map((all) => all.join(''))
const literal = fc.record({
  kind: fc.constant('literal' as const),
  bytes: content,
  waits: fc.boolean(),
  binary: fc.boolean(),
  zeros: fc.constantFrom(0, 0, 1, 30),
})
const sent: fc.Arbitrary<Sent> = fc
  .tuple(fc.array(fc.tuple(text, literal), { maxLength: 5 }), text)
  .map(([pairs, last]) => [...pairs.flat(), last])
const decision: fc.Arbitrary<Decision> = fc.constantFrom(
  'buffer',
  'stream',
  'refuse',
  'refuse-later',
)
const limits = fc.record({
  lineBytesMax: fc.constantFrom(30, 80, 10_000),
  literalBytesMax: fc.constantFrom(10, 10_000),
  commandBytesMax: fc.constantFrom(60, 150, 10_000),
  literalsMax: fc.constantFrom(1, 3, 200),
})

function announcement({ bytes, waits, binary, zeros }: Piece & { readonly kind: 'literal' }) {
  return `${binary ? '~' : ''}{${'0'.repeat(zeros)}${bytes.length}${waits ? '' : '+'}}\r\n`
}

class World {
  readonly reader: CommandReader
  readonly #chunkBytes: number
  readonly #decisions: Decision[]
  /** The first words of everything the reader took for a command. */
  readonly commands: string[] = []
  #begun = false
  /** What the client is told first since it began to wait: to go on, or that the command is over. */
  #told: 'go on' | 'over' | undefined
  #refuseAfterStream = false

  constructor(chunkBytes: number, decisions: readonly Decision[], given: typeof readerLimits) {
    this.reader = new CommandReader(given)
    this.#chunkBytes = chunkBytes
    this.#decisions = [...decisions]
  }

  /** Sends a command; stops where it is told that it is over while it waits. */
  send(command: Sent): void {
    // In one go up to each literal that waits.
    let waiting = ''
    const flush = () => {
      this.#push(waiting)
      waiting = ''
    }
    for (const piece of command) {
      if (piece.kind === 'text') {
        waiting += piece.text
        continue
      }
      waiting += announcement(piece)
      if (piece.waits) {
        this.#told = undefined
        flush()
        if (this.#told !== 'go on') return
      }
      waiting += piece.bytes
    }
    waiting += '\r\n'
    flush()
  }

  #push(text: string): void {
    for (let at = 0; at < text.length; at += this.#chunkBytes) {
      this.reader.push(Buffer.from(text.slice(at, at + this.#chunkBytes), 'latin1'))
      this.#drain()
    }
  }

  #drain(): void {
    for (let event = this.reader.next(); event; event = this.reader.next()) {
      switch (event.kind) {
        case 'too-long':
          this.#begin(event.start)
          this.#finish()
          break
        case 'command':
          if (event.segments[0]?.kind === 'text') this.#begin(event.segments[0].bytes)
          this.#finish()
          break
        case 'chunk':
          if (event.last && this.#refuseAfterStream) this.#refuse()
          break
        case 'literal': {
          if (event.segments[0]?.kind === 'text') this.#begin(event.segments[0].bytes)
          const wanted = this.#decisions.shift() ?? 'stream'
          if (wanted === 'buffer' && event.fits) this.reader.buffer()
          else if (wanted === 'stream' || wanted === 'refuse-later') {
            this.reader.stream()
            this.#refuseAfterStream = wanted === 'refuse-later'
          } else {
            this.#refuse()
            break
          }
          if (event.literal.synchronising) this.#told ??= 'go on'
        }
      }
    }
  }

  #begin(start: Buffer): void {
    if (!this.#begun) this.commands.push(start.toString('latin1').split(' ', 1)[0] ?? '')
    this.#begun = true
  }

  #refuse(): void {
    this.reader.refuse()
    this.#finish()
  }

  #finish(): void {
    this.#told ??= 'over'
    this.#begun = false
    this.#refuseAfterStream = false
  }
}

describe('the octet behind a command', () => {
  it('is where the reader stands, whatever became of the command', () => {
    fc.assert(
      fc.property(
        fc.array(sent, { minLength: 1, maxLength: 4 }),
        fc.array(decision, { maxLength: 12 }),
        fc.constantFrom(1, 3, 40, 100_000),
        limits,
        (commands, decisions, chunkBytes, given) => {
          const world = new World(chunkBytes, decisions, given)
          commands.forEach((command, at) => {
            world.send([{ kind: 'text', text: `tag${at} X` }, ...command])
            expect(world.reader.pendingBytes).toBe(0)
          })
          world.send([{ kind: 'text', text: 'last NOOP' }])
          expect(world.commands).toEqual([...commands.map((_, at) => `tag${at}`), 'last'])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('is found when everything is pipelined', () => {
    const pipelined = sent.map((pieces) =>
      pieces.map((piece) => (piece.kind === 'literal' ? { ...piece, waits: false } : piece)),
    )
    fc.assert(
      fc.property(
        fc.array(pipelined, { minLength: 1, maxLength: 4 }),
        fc.array(decision, { maxLength: 12 }),
        limits,
        (commands, decisions, given) => {
          const world = new World(100_000, decisions, given)
          const all: Piece[] = commands.flatMap((command, at) => [
            { kind: 'text' as const, text: `tag${at} X` },
            ...command,
            { kind: 'text' as const, text: '\r\n' },
          ])
          world.send([...all, { kind: 'text', text: 'last NOOP' }])
          expect(world.commands).toEqual([...commands.map((_, at) => `tag${at}`), 'last'])
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
