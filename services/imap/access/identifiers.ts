// The identifier argument of SETACL and its like. What it means: shared/mailbox/identifiers.ts.

import { decodeUtf8 } from '#shared/imap/byte-string.ts'
import type { Cursor } from '#shared/imap/cursor.ts'
import { ADDRESS_CHARACTERS_MAX } from '#shared/mail/address.ts'
import { saslPrep } from '#shared/sasl/sasl-prep.ts'

/** As the client wrote it, for answers that repeat it, and prepared (RFC 4314 §3). */
export type GivenIdentifier = { readonly given: string; readonly text: string }

export function parseIdentifier(cursor: Cursor): GivenIdentifier {
  const given = cursor.astring()
  if (given.length > ADDRESS_CHARACTERS_MAX) cursor.fail('the identifier is too long')
  const decoded = decodeUtf8(given)
  const text = decoded === undefined ? '' : saslPrep(decoded)
  if (text === '' || text === '-') cursor.fail('this can be no identifier')
  return { given, text }
}
