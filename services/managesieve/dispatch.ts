// From a whole command to what is answered: finds it, lets it parse and run, and turns what was wrong with it into a reply in one place.

import { LoginNotNow } from '#shared/contracts/source.ts'
import type { Segment } from '#shared/imap/command-reader.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { Arguments, ManageSieveSyntaxError } from './arguments.ts'
import type { Challenge, Outcome } from './command.ts'
import { commands } from './commands/index.ts'
import { replies } from './replies.ts'
import type { Session } from './session.ts'

/** Of a command that may not be whole. */
export const commandName = (segments: readonly Segment[]): string => new Arguments(segments).atom()

/** Rejects only for bugs. */
export function runCommand(session: Session, segments: readonly Segment[]): Promise<Outcome> {
  return guard(session, () => {
    const args = new Arguments(segments)
    return commands.get(args.atom())?.execute(session, args) ?? replies.unknownCommand
  })
}

/** The line is no command but the answer to a challenge. */
export function runAnswer(
  session: Session,
  { answer }: Challenge,
  segments: readonly Segment[],
): Promise<Outcome> {
  return guard(session, () => {
    const args = new Arguments(segments)
    const text = args.string()
    args.end()
    // RFC 5804 §2.1: a string of one star.
    return text === '*' ? replies.authCancelled : answer(text)
  })
}

async function guard(session: Session, run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof ManageSieveSyntaxError) return replies.syntax(error.message)
    if (!(error instanceof TemporaryFailure)) throw error
    if (error instanceof LoginNotNow) {
      session.logRepeated({ reason: error.message }, 'login put off')
      return replies.notNow(error.message)
    }
    session.log.warn({ error }, 'command not possible')
    return replies.unavailable
  }
}
