// A command that arrives in pieces between literals too large to collect, as its handler reads it: APPEND and its like.

import type { CommandReader, ReaderEvent } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import type { CommandFeed } from './command.ts'

type FeedInput = {
  readonly event: () => Promise<ReaderEvent | undefined>
  /** Asks the client for a literal that it holds back. */
  readonly ask: () => void
  readonly utf8: boolean
}

export class StreamedCommand implements CommandFeed {
  cursor: Cursor
  readonly #reader: CommandReader
  readonly #io: FeedInput
  #whole = false

  constructor(cursor: Cursor, reader: CommandReader, io: FeedInput) {
    this.cursor = cursor
    this.#reader = reader
    this.#io = io
  }

  async *literal(): AsyncGenerator<Uint8Array> {
    if (this.cursor.announced()?.synchronising) this.#io.ask()
    this.#reader.stream()
    for (;;) {
      const event = await this.#io.event()
      if (event?.kind !== 'chunk') throw new ConnectionGone()
      if (event.bytes.length > 0) yield event.bytes
      if (event.last) return
    }
  }

  async next(): Promise<Cursor> {
    const event = await this.#io.event()
    if (event === undefined) throw new ConnectionGone()
    // What is too long has been skipped by the reader; it must not pass for a command that ends here.
    this.#whole = event.kind !== 'literal'
    if (event.kind === 'too-long') throw new ImapSyntaxError('the line is too long')
    const segments = 'segments' in event ? event.segments : []
    this.cursor = new Cursor(segments, { utf8: this.#io.utf8 })
    return this.cursor
  }

  /** What the handler did not read of the command is skipped; false when nobody can tell what that is (CommandReader.refuse). */
  end(): boolean {
    return this.#whole || this.#reader.refuse()
  }
}
