// What a line protocol brings to the connection under it (line-connection.ts): how its input is split, and what is said.

import type { Log, LogFields } from '#shared/runtime/log.ts'
import type { ChannelBindings } from './tls/channel-binding.ts'

/** A push core without sockets that splits the input into what is answered. */
export interface LineReader<Event> {
  push(chunk: Buffer): void
  /** Undefined while nothing is whole. */
  next(): Event | undefined
  /** Bytes pushed and not yet handed out. */
  readonly pendingBytes: number
  /** All of these, which the reader forgets: they belong to another layer now. */
  takeRest(): Buffer
}

/** What stands on a connection. It is called for one thing at a time, except for `timedOut` and `leave`. */
export interface LineProtocol<Event> {
  readonly reader: LineReader<Event>
  /** Of the session, so that it names the account once there is one. */
  readonly log: Log
  /** Until then it is the login that must not take too long. */
  readonly loggedIn: boolean
  greet(): void
  answer(event: Event): Promise<void> | undefined
  /** Between commands, when nothing whole has come: what is to be told without being asked for; undefined when nothing is. */
  tellNews?(): Promise<void> | undefined
  tlsStarted(bindings: ChannelBindings): void
  /** Must end the connection. */
  timedOut(reason: 'login timeout' | 'idle timeout'): void
  /**
   * Asks for the last word and the end. Comes between commands, or while one waits for a line of the client; again after each
   * command that follows where the protocol does not end the connection yet. `quiet`: all that has arrived was answered.
   */
  leave(reason: 'shutdown' | 'account ended', at: { readonly quiet: boolean }): void
  /** The connection is gone. Tells the log what the session has done; undefined where nobody logged in. */
  end(): Promise<LogFields | undefined>
}
