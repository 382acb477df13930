// What a command is: facts the dispatcher needs to know without running it, a parser and what it does. One file per command in
// commands/, one table of names in commands/index.ts.

import type { Cursor } from '#shared/imap/cursor.ts'
import type { Session, StateName } from './session.ts'
import type { Wire } from './wire.ts'

/** The tagged answer (RFC 9051 §7.1). `code` stands in brackets before the text. */
export type Completion = {
  readonly status: 'OK' | 'NO' | 'BAD'
  readonly code?: string
  readonly text: string
  /** What the connection does when the answer has been sent. */
  readonly after?: 'close' | 'turn-away' | 'start-tls' | 'compress' | 'go-on-at-source'
}

export type CommandFacts = {
  /** Session states in which the command is allowed. */
  readonly states: readonly StateName[]
  /**
   * Whether untagged EXPUNGE may stand before the tagged answer: not while the client may have sequence numbers of this or a
   * following command on the wire (RFC 9051 §7.5.1: not in FETCH, STORE, SEARCH; COPY and MOVE by number count too).
   */
  readonly mayReportExpunge: boolean
  /** Whether the folder is looked at for news before the tagged answer even when no hint came: NOOP, CHECK. Default false. */
  readonly looksForNews?: boolean
  /** Whether it stores more than it removes: refused while the disk is full. Default false. */
  readonly takesRoom?: boolean
}

export type Command = CommandFacts &
  (
    | {
        readonly kind: 'collected'
        /** Reads the arguments to the end of the line, then runs. */
        readonly execute: (session: Session, cursor: Cursor, wire: Wire) => Promise<Completion>
      }
    | {
        readonly kind: 'streamed'
        /** Runs while literals are still to come: APPEND and its like. */
        readonly execute: (session: Session, feed: CommandFeed, wire: Wire) => Promise<Completion>
      }
  )

/** A command that arrives in pieces between streamed literals. */
export interface CommandFeed {
  /** What has been read so far; `cursor.announced()` tells the literal at its end. */
  readonly cursor: Cursor
  /** Takes the announced literal: asks the client for it if it waits, and hands out its bytes. Must be read to the end. */
  literal(): AsyncIterable<Uint8Array>
  /** The piece after the literal. */
  next(): Promise<Cursor>
}

/** Parse to the end, then act: a syntax error never has effects. */
export function defineCommand<Arguments>(
  definition: CommandFacts & {
    parse(cursor: Cursor, session: Session): Arguments
    run(session: Session, parsed: Arguments, wire: Wire): Promise<Completion> | Completion
  },
): Command {
  const { parse, run, ...facts } = definition
  return {
    ...facts,
    kind: 'collected',
    execute: async (session, cursor, wire) => {
      const parsed = parse(cursor, session)
      cursor.end()
      return run(session, parsed, wire)
    },
  }
}

export function defineStreamedCommand(
  definition: CommandFacts & {
    run(session: Session, feed: CommandFeed, wire: Wire): Promise<Completion>
  },
): Command {
  const { run, ...facts } = definition
  return { ...facts, kind: 'streamed', execute: run }
}

export const noArguments = () => undefined

export const completed = (name: string, code?: string): Completion => ({
  status: 'OK',
  text: `${name} completed`,
  ...(code === undefined ? {} : { code }),
})
