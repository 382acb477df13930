// The cookie of a session. `__Host-`: browsers take it only over TLS, for this host alone and all of its paths (RFC 6265bis §4.1.3.2), so
// that no neighbour's page can plant one. Strict: no other site's page makes a browser send it.

import { COOKIE_CHARACTERS_MAX } from '#shared/identity/sessions.ts'

const NAME = '__Host-postwolke'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'
/** Of all cookies together. */
const HEADER_CHARACTERS_MAX = 8_192

export const setCookie = (value: string): readonly [string, string] => [
  'set-cookie',
  `${NAME}=${value}; ${ATTRIBUTES}`,
]

export const clearCookie: readonly [string, string] = [
  'set-cookie',
  `${NAME}=; ${ATTRIBUTES}; Max-Age=0`,
]

export function cookieOf(request: Request): string | undefined {
  const header = request.headers.get('cookie') ?? ''
  if (header.length > HEADER_CHARACTERS_MAX) return undefined
  for (const pair of header.split(';')) {
    const [name = '', value = ''] = pair.trim().split('=', 2)
    if (name === NAME && value !== '' && value.length <= COOKIE_CHARACTERS_MAX) return value
  }
  return undefined
}
