// The shape of a command: how its arguments are parsed, in which state it is valid, what it does. Parsing ends before the state is
// looked at, and both before anything is done.

import type { LoggedInAccount } from '#shared/contracts/authenticate.ts'
import { type Arguments, ManageSieveSyntaxError } from './arguments.ts'
import { type Reply, replies } from './replies.ts'
import type { Session } from './session.ts'

/** A challenge, and what becomes of the client's answer: a string on a line of its own (RFC 5804 §2.1). */
export type Challenge = {
  readonly kind: 'challenge'
  readonly text: string
  readonly answer: (text: string) => Promise<Outcome>
}

export type Outcome = Reply | Challenge

export type Command = {
  /** Throws ManageSieveSyntaxError for malformed arguments. */
  execute(session: Session, args: Arguments): Outcome | Promise<Outcome>
}

/** `Who`: what the state of the session gives the command. */
type Definition<Argument, Who> = {
  /** Behind the name. */
  readonly parse: (args: Arguments) => Argument
  readonly run: (session: Session, argument: Argument, who: Who) => Outcome | Promise<Outcome>
}

/** Valid in both states. */
export const anyState = <Argument>(definition: Definition<Argument, undefined>): Command =>
  define(definition, () => ({ who: undefined }))

export const beforeLogin = <Argument>(definition: Definition<Argument, undefined>): Command =>
  define(definition, ({ account }) =>
    account === undefined ? { who: undefined } : replies.loggedInAlready,
  )

export const afterLogin = <Argument>(definition: Definition<Argument, LoggedInAccount>): Command =>
  define(definition, ({ account }) =>
    account === undefined ? replies.loginFirst : { who: account },
  )

function define<Argument, Who>(
  { parse, run }: Definition<Argument, Who>,
  state: (session: Session) => Reply | { readonly who: Who },
): Command {
  return {
    execute(session, args) {
      const argument = parse(args)
      args.end()
      const found = state(session)
      return 'who' in found ? run(session, argument, found.who) : found
    },
  }
}

/** For commands without arguments. */
export const nothing = (): undefined => undefined

/** sieve-name: a string that is not empty. */
export function sieveName(args: Arguments): string {
  args.space()
  const name = args.string()
  if (name === '') throw new ManageSieveSyntaxError('the name of a script')
  return name
}

export const isChallenge = (outcome: Outcome): outcome is Challenge => 'kind' in outcome
