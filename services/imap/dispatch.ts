// From a command as it arrived to its tagged answer: finds the command in the table, checks the state, runs it, tells what is new
// in the mailbox, answers. Everything that can go wrong is mapped here, once.

import { LoginNotNow } from '#shared/contracts/source.ts'
import type { Segment } from '#shared/imap/command-reader.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { ImapSyntaxError } from '#shared/imap/syntax-error.ts'
import { ConnectionGone } from '#shared/net/connection-gone.ts'
import { SystemFull, TemporaryFailure } from '#shared/runtime/errors.ts'
import { refusalInSelected } from './access/selected-rights.ts'
import type { Command, CommandFeed, Completion } from './command.ts'
import { commands } from './commands/index.ts'
import { replies } from './replies.ts'
import type { Session } from './session.ts'
import type { Wire } from './wire.ts'

/** A command by its first words; `tag` null when there is none that could be answered. */
export type Request = {
  readonly tag: string | null
  readonly name: string
  readonly command: Command | undefined
  /** After the name. */
  readonly cursor: Cursor
}

/** tag SP command, and `UID` with the command it prefixes. */
export function parseRequest(segments: readonly Segment[], session: Session): Request {
  const cursor = new Cursor(segments, { utf8: session.utf8 })
  let tag: string | null = null
  let name = ''
  try {
    tag = cursor.tag()
    cursor.space()
    name = cursor.keyword()
    if (name === 'UID') {
      cursor.space()
      name = `UID ${cursor.keyword()}`
    }
  } catch (error) {
    if (!(error instanceof ImapSyntaxError)) throw error
  }
  return { tag, name, command: commands.get(name), cursor }
}

/** Runs a command whose arguments are all there. */
export function runCollected(session: Session, request: Request, wire: Wire): Promise<Completion> {
  const { command, cursor } = request
  return guard(session, request, wire, async () => {
    if (command?.kind === 'collected') return command.execute(session, cursor, wire)
    // APPEND without a literal: its own parser says what is missing.
    if (command?.kind === 'streamed') return command.execute(session, withoutLiteral(cursor), wire)
    return replies.unknownCommand
  })
}

/** Runs a command while its literals arrive. */
export function runStreamed(
  session: Session,
  request: Request,
  feed: CommandFeed,
  wire: Wire,
): Promise<Completion> {
  return guard(session, request, wire, async () =>
    request.command?.kind === 'streamed'
      ? request.command.execute(session, feed, wire)
      : replies.unknownCommand,
  )
}

async function guard(
  session: Session,
  { tag, name, command }: Request,
  wire: Wire,
  run: () => Promise<Completion>,
): Promise<Completion> {
  if (command === undefined) return replies.unknownCommand
  if (!command.states.includes(session.state.kind)) {
    return replies.wrongState(name, session.state.kind)
  }
  session.tag = tag ?? ''
  try {
    // RFC 5530 §3: not OVERQUOTA, for it is not the user's own, nor LIMIT, for it will pass.
    if (command.takesRoom && (await session.deps.space.isShort())) return replies.diskFull
    const judging = refusalInSelected(session, name, wire)
    const refused = judging && (await judging)
    const completion = refused ?? (await run())
    await tellNews(session, command, wire)
    if (session.state.kind !== 'selected' || !session.state.selected.gone) return completion
    // RFC 2180 §3.3: a client whose mailbox was deleted by somebody else has to begin anew.
    wire.untagged(replies.byeMailboxGone)
    return { ...completion, after: 'close' }
  } catch (error) {
    if (error instanceof ImapSyntaxError) return replies.syntax(error.message)
    if (error instanceof ConnectionGone) throw error
    if (error instanceof SystemFull) return replies.noRoom
    if (error instanceof LoginNotNow) {
      session.logRepeated({ reason: error.message }, 'login put off')
      return replies.notNow(error.message)
    }
    if (error instanceof TemporaryFailure) {
      session.log.warn({ command: name, error }, 'command failed')
      return replies.unavailable
    }
    session.log.error({ command: name, error }, 'bug in a command')
    return replies.bug
  }
}

/** Untagged responses about what others did, before the tagged answer (RFC 9051 §7.5.1 says which may come now). */
async function tellNews(session: Session, command: Command, wire: Wire): Promise<void> {
  const expunges = command.mayReportExpunge
  if (session.state.kind === 'selected') {
    const look = command.looksForNews ?? false
    await session.state.selected.tellNews(wire, { expunges, look })
  }
  if (session.notifications?.ready) await session.notifications.tell(wire, { expunges })
}

function withoutLiteral(cursor: Cursor): CommandFeed {
  return {
    cursor,
    literal: () => {
      throw new Error('no literal is announced')
    },
    next: () => Promise.reject(new Error('no literal is announced')),
  }
}
