// The console over HTTP: its files, kept for ever by their names, and its one page for every address that a person may open.
//
// Implementation notes: it asks nobody who they are. What is served here is the same for everyone and holds no data; data comes from
// the API alone. It is the last of the handlers: whatever a browser opens and nobody knows becomes the page that says so.

import type { WebHandler } from '#shared/contracts/web.ts'
import { matchRoute } from './app/routes.ts'
import { ASSETS, type ConsoleFile, type ConsoleFiles } from './files.ts'

/** Nothing inline, nothing from elsewhere; text of strangers can become markup nowhere (Trusted Types). */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const security = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  // Addresses of accounts and messages stand in URLs.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** Names hold the hash of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable'
const ASK_AGAIN = 'no-cache'

export function createConsoleHandler(deps: {
  /** Called by the first request; files that were built at synthesis come the same way. */
  readonly files: () => Promise<ConsoleFiles>
}): WebHandler {
  let built: Promise<ConsoleFiles> | undefined
  const files = () => {
    built ??= deps.files().catch((error) => {
      built = undefined
      throw error
    })
    return built
  }
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
    const { pathname } = new URL(request.url)
    if (pathname.startsWith(ASSETS)) {
      const file = (await files()).assets.get(pathname)
      return file && answer(request, file, 200, FOR_EVER)
    }
    const isKnown = matchRoute(pathname) !== undefined
    if (!isKnown && !accepts(request, 'accept', 'text/html')) return undefined
    return answer(request, (await files()).index, isKnown ? 200 : 404, ASK_AGAIN)
  }
}

function answer(request: Request, file: ConsoleFile, status: number, caching: string): Response {
  const headers = new Headers({
    ...security,
    'cache-control': caching,
    etag: file.etag,
    vary: 'accept-encoding',
  })
  if (status === 200 && request.headers.get('if-none-match')?.includes(file.etag)) {
    return new Response(null, { status: 304, headers })
  }
  const [encoding, bytes] = encoded(request, file)
  headers.set('content-type', file.type)
  headers.set('content-length', String(bytes.length))
  if (encoding !== undefined) headers.set('content-encoding', encoding)
  return new Response(request.method === 'HEAD' ? null : bytes, { status, headers })
}

function encoded(
  request: Request,
  { bytes, gzip, brotli }: ConsoleFile,
): readonly [string | undefined, Uint8Array<ArrayBuffer>] {
  if (accepts(request, 'accept-encoding', 'br')) return ['br', brotli]
  if (accepts(request, 'accept-encoding', 'gzip')) return ['gzip', gzip]
  return [undefined, bytes]
}

/** RFC 9110 §12.5: named, and not with the weight 0. */
function accepts(request: Request, field: string, wanted: string): boolean {
  const given = request.headers.get(field) ?? ''
  return given.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase())
    return name === wanted && !parameters.some((each) => /^q=0(\.0{0,3})?$/.test(each))
  })
}
