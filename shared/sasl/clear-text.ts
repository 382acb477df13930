// Passwords on connections without TLS: whether they may be sent at all.

/** `loopback-allowed`: in clear only from this machine itself. */
export type DisablePlaintextAuth = 'yes' | 'no' | 'loopback-allowed'

/** Of a connection in clear; with TLS they always are (RFC 9051 §11.1). `remoteAddress` never mapped into IPv6. */
export function clearPasswordsAllowed(
  disablePlaintextAuth: DisablePlaintextAuth,
  remoteAddress: string,
): boolean {
  if (disablePlaintextAuth === 'loopback-allowed') {
    return remoteAddress === '::1' || remoteAddress.startsWith('127.')
  }
  return disablePlaintextAuth === 'no'
}
