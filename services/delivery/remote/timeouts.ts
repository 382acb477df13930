/** How long the other side may keep us waiting in each phase; RFC 5321 §4.5.3.2 has the least values. */
export type Timeouts = {
  readonly connectMs: number
  /** For the greeting, and for the TLS handshake. */
  readonly greetingMs: number
  /** For the reply to any command. */
  readonly commandMs: number
  /** For taking more of the message. */
  readonly dataBlockMs: number
  /** For the reply to the whole message. */
  readonly dataTerminationMs: number
}

/** The mail is delivered by then; a host that does not say goodbye is left alone. */
export const QUIT_TIMEOUT_MS = 5_000
