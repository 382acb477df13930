// The rules for logins on the wire; those for passwords are in password.ts.

/** RFC 4616 §2 asks for at least 255 octets. */
export const CREDENTIAL_BYTES_MAX = 1_024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a login: UTF-8, neither empty nor too long, without NUL. */
export function credentialText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > CREDENTIAL_BYTES_MAX || bytes.includes(0))
    return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Of a command that has an answer for wrong logins only: what cannot be a login becomes the empty one, which is nobody's. */
export function loginOf(bytes: Uint8Array): string {
  return credentialText(bytes) ?? ''
}
