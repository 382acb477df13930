// Mailbox names on the wire and as text: RFC 9051 §5.1, RFC 3501 §5.1.3. With UTF8=ACCEPT or IMAP4rev2 enabled they are UTF-8,
// before that modified UTF-7.

import type { ByteString } from '#shared/mail/message-index.ts'
import { decodeUtf8, encodeUtf8, isAscii } from './byte-string.ts'
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts'
import { answersMisspeltNamesWithNo } from './quirks.ts'
import { ImapSyntaxError } from './syntax-error.ts'

/** Bytes of a name as sent. The mailbox has limits of its own. */
export const MAILBOX_NAME_BYTES_MAX = 4_000

/** What stands for a name that cannot be decoded: no mailbox has it, and none can be given it. */
const NO_NAME = '\0'

/**
 * Deliberately: before UTF-8 is enabled a name with 8-bit bytes is taken for UTF-8, as people type it; one with a malformed `&` run
 * is nobody's rather than given a second spelling (quirks.ts, `answersMisspeltNamesWithNo`).
 */
export function decodeMailboxName(bytes: ByteString, utf8: boolean): string {
  checkLength(bytes)
  const name = isAscii(bytes) && !utf8 ? decodeModifiedUtf7(bytes) : decodeUtf8(bytes)
  if (name !== undefined) return spelledName(name)
  if (answersMisspeltNamesWithNo) return NO_NAME
  throw new ImapSyntaxError(`the mailbox name is not ${utf8 ? '' : 'modified UTF-7 or '}UTF-8`)
}

/** A pattern of LIST. One that no name could ever be written as is taken as it is and matches nothing. */
export function decodeListPattern(bytes: ByteString, utf8: boolean): string {
  checkLength(bytes)
  if (isAscii(bytes) && !utf8) return spelledName(decodeModifiedUtf7(bytes) ?? bytes)
  return decodeMailboxName(bytes, utf8)
}

/** The name as it goes on the wire; `astring` of the writer gives it quotes. */
export function encodeMailboxName(name: string, utf8: boolean): ByteString {
  return utf8 ? encodeUtf8(name) : encodeModifiedUtf7(name)
}

/** Before anything is done with the bytes: a literal may hold many more. */
function checkLength(bytes: ByteString): void {
  if (bytes.length > MAILBOX_NAME_BYTES_MAX) {
    throw new ImapSyntaxError('the mailbox name is too long')
  }
}

/** INBOX is INBOX in any case (RFC 9051 §5.1); nothing else is changed, also not `inbox/…`. */
function spelledName(name: string): string {
  return inbox.test(name) ? 'INBOX' : name
}

// Not by toUpperCase, which makes an I of the dotless ı too.
const inbox = /^INBOX$/i
