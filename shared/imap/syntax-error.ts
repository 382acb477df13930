// What the grammar of this folder cannot read. Thrown by the cursor and the parsers on it, caught in one place: the dispatcher,
// which answers a tagged BAD with the message (RFC 9051 §7.1.3). The session lives on.

export class ImapSyntaxError extends Error {
  override readonly name = 'ImapSyntaxError'
}
