// The shape of a command: facts the dispatcher needs, how the text after the verb is parsed, what is done. Order of every
// command: parse to the end (SmtpSyntaxError → 501 and its like), look at the state, act, answer.

import type { Passage } from '#shared/contracts/source.ts'
import type { Reply } from '#shared/smtp/reply.ts'
import type { Body } from './body.ts'
import type { SmtpSession } from './session.ts'

/** A reply, and what the connection does after writing it. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** LMTP's answers to a message, one for each recipient (RFC 2033 §4.2). */
  | { readonly kind: 'replies'; readonly reply: Reply; readonly further: readonly Reply[] }
  | { readonly kind: 'close'; readonly reply: Reply }
  | { readonly kind: 'start-tls'; readonly reply: Reply }
  /** What follows is for another server, where it is logged in. */
  | { readonly kind: 'go-on-at-source'; readonly reply: Reply; readonly passage: Passage }
  /** The next line is no command (RFC 4954 §4). */
  | { readonly kind: 'ask'; readonly reply: Reply; readonly answer: Answer }
  /** Bytes of a body follow; without a reply before them for BDAT. */
  | { readonly kind: 'body'; readonly reply: Reply | undefined; readonly body: Body }

export type Answer = (line: string) => Outcome | Promise<Outcome>

type CommandFacts = {
  /** Belongs to one of the two protocols only (RFC 2033 §4.1). */
  readonly only?: 'smtp' | 'lmtp'
  /** Works for a client that was refused when it connected. */
  readonly whenDenied?: true
  /** Works before HELO or EHLO (RFC 5321 §4.1.4). */
  readonly beforeHelo?: true
  /** Works without TLS where it is required (RFC 3207 §4). */
  readonly beforeTls?: true
  /** Only for who has logged in, on submission listeners (RFC 6409 §4.3). */
  readonly needsLogin?: true
  /** Brings no message further; too many of these are errors. */
  readonly junk?: true
  /** Ends a group of pipelined commands: its reply is not held back (RFC 2920 §3.1). */
  readonly flushes?: true
}

export type Command = CommandFacts & {
  /** The text after the verb, its leading space included. */
  execute(session: SmtpSession, text: string): Outcome | Promise<Outcome>
}

export function defineCommand<Argument>(
  definition: CommandFacts & {
    readonly parse: (text: string, session: SmtpSession) => Argument
    readonly run: (session: SmtpSession, argument: Argument) => Outcome | Promise<Outcome>
  },
): Command {
  const { parse, run, ...facts } = definition
  return { ...facts, execute: (session, text) => run(session, parse(text, session)) }
}

export function answer(reply: Reply): Outcome {
  return { kind: 'reply', reply }
}

/** At least one. */
export function answerEach([reply, ...further]: readonly Reply[]): Outcome {
  if (reply === undefined) throw new Error('no reply to a message')
  return further.length === 0 ? answerRefusal(reply) : { kind: 'replies', reply, further }
}

export function answerAndClose(reply: Reply): Outcome {
  return { kind: 'close', reply }
}

/** Of policy: 421 and 521 end the session (RFC 5321 §3.8, RFC 7504 §3). */
export function answerRefusal(reply: Reply): Outcome {
  return reply.code === 421 || reply.code === 521 ? answerAndClose(reply) : answer(reply)
}

/** Counts against the client. In LMTP a message that one recipient took does not. */
export function isError(outcome: Outcome): boolean {
  if (outcome.kind === 'reply') return outcome.reply.code >= 500
  if (outcome.kind !== 'replies') return false
  return [outcome.reply, ...outcome.further].every(({ code }) => code >= 500)
}
