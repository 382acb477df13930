// What the grammar of this folder cannot read. Thrown by the cursor and the parsers on it, caught in one place: the dispatcher,
// which answers a tagged BAD with the message (RFC 9051 §7.1.3). The session lives on. Messages are `text` of RFC 9051 §9: printable
// ASCII that does not begin with a bracket, and hold nothing of what the client sent.

export class ImapSyntaxError extends Error {
  override readonly name: string = 'ImapSyntaxError'
}

/**
 * A string was expected where a literal is only announced: the mailbox name of an APPEND as a literal, say. Who streams literals
 * buffers this one instead and reads the arguments again from their beginning.
 */
export class LiteralNeeded extends ImapSyntaxError {
  override readonly name = 'LiteralNeeded'
}
