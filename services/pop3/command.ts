// The shape of a command: how its argument is parsed, in which state it is valid, what it does. Parsing ends before the
// state is looked at, and both before anything is done.

import type { Reply } from './replies.ts'
import type { Authorization, Session, SessionState, Transaction } from './session.ts'

export type Command = {
  /** Runs only after the system has taken everything replied so far. */
  readonly waitsForOutput: boolean
  /** Undefined when the session is in the wrong state. Throws SyntaxError for a malformed argument. */
  execute(session: Session, argument: string | undefined): Reply | Promise<Reply> | undefined
}

export function defineCommand<State, Argument>(definition: {
  readonly waitsForOutput?: true
  readonly state: (state: SessionState) => State | undefined
  readonly parse: (argument: string | undefined) => Argument
  readonly run: (session: Session, argument: Argument, state: State) => Reply | Promise<Reply>
}): Command {
  return {
    waitsForOutput: definition.waitsForOutput ?? false,
    execute(session, argument) {
      const parsed = definition.parse(argument)
      const state = definition.state(session.state)
      return state === undefined ? undefined : definition.run(session, parsed, state)
    },
  }
}

export function inAuthorization(state: SessionState): Authorization | undefined {
  return state.kind === 'AUTHORIZATION' ? state : undefined
}

export function inTransaction(state: SessionState): Transaction | undefined {
  return state.kind === 'TRANSACTION' ? state : undefined
}

export function inEither(state: SessionState): Authorization | Transaction | undefined {
  return state.kind === 'AUTHORIZATION' || state.kind === 'TRANSACTION' ? state : undefined
}
