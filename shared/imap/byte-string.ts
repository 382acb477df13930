// Byte strings (each character one byte, as in shared/mail/message-index.ts) from and to UTF-8.

import type { ByteString } from '#shared/mail/message-index.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function isAscii(bytes: ByteString): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes.charCodeAt(at) > 0x7f) return false
  return true
}

/** The text the bytes are in UTF-8, undefined when they are not well-formed. */
export function decodeUtf8(bytes: ByteString): string | undefined {
  if (isAscii(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

export function encodeUtf8(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
