// From a command line to its outcome: finds the command, checks what is common to all, turns syntax errors into replies.

import type { Reply } from '#shared/smtp/reply.ts'
import { SmtpSyntaxError } from '#shared/smtp/syntax.ts'
import { answer, answerAndClose, answerRefusal, type Command, type Outcome } from './command.ts'
import { commands } from './commands/index.ts'
import { COMMAND_LINE_BYTES_MAX } from './config.ts'
import { filterRefusal } from './dialogue.ts'
import { replies, syntaxReply } from './replies.ts'
import type { SmtpSession } from './session.ts'

export type Dispatched = {
  readonly outcome: Outcome | Promise<Outcome>
  /** The reply ends a group of pipelined commands (RFC 2920 §3.1). */
  readonly flushes: boolean
}

/** Browsers made to send mail by a hostile page begin like this; what follows is not to be tried as commands. */
const httpMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])

export function dispatch(session: SmtpSession, line: Buffer): Dispatched {
  // RFC 4954 §4 makes room for AUTH alone. Whatever else is this long is not even decoded.
  if (line.length + 2 > COMMAND_LINE_BYTES_MAX && !begins(line, 'AUTH ')) {
    return refuse(unread(line, replies.lineTooLong))
  }
  const text = decodeLine(line) ?? decodeHelo(line)
  if (text === undefined) return refuse(unread(line, replies.notText))
  const space = text.indexOf(' ')
  const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase()
  const command = commands.get(verb)
  if (!command || !isSpoken(session, command)) {
    if (httpMethods.has(verb)) return refuse(answerAndClose(replies.notHttp))
    return { outcome: unknownCommand(session, text), flushes: false }
  }
  if (command.junk) session.noteJunk()
  return {
    outcome: run(session, command, space === -1 ? '' : text.slice(space)),
    flushes: command.flushes ?? false,
  }
}

function unknownCommand(session: SmtpSession, text: string): Outcome | Promise<Outcome> {
  if (!session.isHeardByFilters) return answer(replies.unknownCommand)
  return filterRefusal(session, {}, (filter) => filter.unknown(text)).then((refusal) =>
    refusal === undefined ? answer(replies.unknownCommand) : answerRefusal(refusal),
  )
}

function run(session: SmtpSession, command: Command, text: string): Outcome | Promise<Outcome> {
  try {
    return outOfOrder(session, command) ?? command.execute(session, text)
  } catch (error) {
    if (error instanceof SmtpSyntaxError) return answer(syntaxReply(error.fault))
    throw error
  }
}

function isSpoken({ options }: SmtpSession, { only }: Command): boolean {
  return only === undefined || (only === 'lmtp') === (options.role === 'lmtp')
}

function outOfOrder(session: SmtpSession, command: Command): Outcome | undefined {
  const { options } = session
  if (session.isDenied && !command.whenDenied)
    return answer(replies.deniedBefore(session.remoteAddress))
  if (!command.beforeTls && session.needsTls) return answer(replies.tlsRequired)
  if (!command.beforeHelo && options.smtpdHeloRequired && !session.helo) {
    return answer(options.role === 'lmtp' ? replies.lhloFirst : replies.heloFirst)
  }
  if (command.needsLogin && session.needsLogin) return answer(replies.authenticationRequired)
  return undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Undefined when there are control characters in it or it is not UTF-8 (RFC 5321 §4.1.2, RFC 6531 §3.3). */
export function decodeLine(line: Buffer): string | undefined {
  // RFC 5321 §4.1.1: white space before the line end SHOULD be tolerated.
  let end = line.length
  while (end > 0 && isBlank(line[end - 1])) end--
  const text = line.toString('latin1', 0, end)
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined
  if (!/[\x80-\xff]/.test(text)) return text
  try {
    return utf8.decode(line.subarray(0, end))
  } catch {
    return undefined
  }
}

/** The name of a Windows machine may come in its own code page, that of DOS too: ü is 0x81. Nobody is found by it; it only is shown. */
function decodeHelo(line: Buffer): string | undefined {
  if (!begins(line, 'EHLO ') && !begins(line, 'HELO ') && !begins(line, 'LHLO ')) return undefined
  const text = line.toString('latin1').trimEnd()
  return /[\x00-\x1f\x7f]/.test(text) ? undefined : text
}

/** A BDAT that is not understood has bytes behind it, how many nobody knows, and they are no commands. */
function unread(line: Buffer, reply: Reply): Outcome {
  return begins(line, 'BDAT') ? answerAndClose(replies.badChunk) : answer(reply)
}

function begins(line: Buffer, word: string): boolean {
  return line.toString('latin1', 0, word.length).toUpperCase() === word
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

function refuse(outcome: Outcome): Dispatched {
  return { outcome, flushes: false }
}
