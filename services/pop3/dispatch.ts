// From a line to a reply: finds the command, lets it parse and run, and turns what was wrong with it into a reply in one
// place.

import { Pop3SyntaxError } from './arguments.ts'
import type { Command } from './command.ts'
import { commands } from './commands/index.ts'
import { COMMAND_BYTES_MAX } from './config.ts'
import type { Line } from './line-reader.ts'
import { type Reply, replies, type StatusReply } from './replies.ts'
import type { Session } from './session.ts'

export type Request =
  | { readonly kind: 'command'; readonly command: Command; readonly argument: string | undefined }
  | { readonly kind: 'misuse'; readonly reply: StatusReply }

export function parseRequest(line: Line): Request {
  if (line.kind === 'too-long') return { kind: 'misuse', reply: replies.lineTooLong }
  // As a byte string: a password is bytes (RFC 1939 §7), and the rest is ASCII.
  const text = line.bytes.toString('latin1')
  const space = text.indexOf(' ')
  const keyword = (space < 0 ? text : text.slice(0, space)).toUpperCase()
  // RFC 2449 §4 limits commands; an AUTH line may hold all that a continuation line may.
  if (line.length > COMMAND_BYTES_MAX && keyword !== 'AUTH') {
    return { kind: 'misuse', reply: replies.lineTooLong }
  }
  const command = commands.get(keyword)
  if (command === undefined) return { kind: 'misuse', reply: replies.unknownCommand }
  return { kind: 'command', command, argument: space < 0 ? undefined : text.slice(space + 1) }
}

/** Throws or rejects only for bugs. */
export function runRequest(session: Session, request: Request): Reply | Promise<Reply> {
  if (request.kind === 'misuse') return session.countMisuse(request.reply)
  try {
    const reply = request.command.execute(session, request.argument)
    if (reply === undefined) return session.countMisuse(replies.wrongState(session.state.kind))
    session.forgetMisuses()
    return reply
  } catch (error) {
    if (!(error instanceof Pop3SyntaxError)) throw error
    return session.countMisuse(replies.syntax(error.message))
  }
}
