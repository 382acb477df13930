// What FETCH answers differently to clients of IMAP4rev1 and IMAP4rev2, and what it says of a message that nobody can look into.

/** Which parts have the structure of a message: RFC 3501 knows message/rfc822 alone, RFC 9051 §9 message/global too. */
export type MessageForm = 'rfc822' | 'rfc822 and global'

/** Of a message that is encoded, as Dovecot tells it: nothing in it can be named, and the grammar wants an envelope and a body. */
export const ENCODED_MESSAGE =
  ' (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0'
export const ENCODED_MESSAGE_EXTENSION = ' NIL NIL NIL NIL'
