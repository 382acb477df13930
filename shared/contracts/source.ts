// Accounts that are still on an old server, the source, while their clients come here already: the front while moving
// (docs/ARCHITECTURE.md). What an account says of it, and the session there that a client's session here goes on with.

import type { Duplex } from 'node:stream'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

/** `at-source`: all of it is done there. `moving`: nobody is let in, and its mail waits, until the last of it was fetched. */
export const sourceStates = ['at-source', 'moving'] as const
export type SourceState = (typeof sourceStates)[number]

/** `name`: of the source host (shared/directory/sources.ts). */
export type AtSource = { readonly name: string; readonly state: SourceState }

/** A session with the source in which the account is logged in. Whoever has it ends it, or hands it on. */
export type Passage = {
  /** It does not flow. */
  readonly socket: Duplex
  /** What the source said behind its answer to the login. */
  readonly first: Buffer
  /** What its answer to the login says to the client: of IMAP the list of capabilities, else a text. */
  readonly words: string
}

/** Nothing is wrong with the login, and it cannot be made now. The client is told these words, and that it may try again. */
export class LoginNotNow extends TemporaryFailure {
  override readonly name = 'LoginNotNow'
}
