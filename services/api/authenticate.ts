// Who asks: a cookie of the console, or a token. With the limits of how often, and with what keeps another site's page from asking in the
// name of whoever looks at it.

import type { WebCaller } from '#shared/contracts/web.ts'
import type { Identities, Identity } from '#shared/identity/identities.ts'
import { TOKEN_CHARACTERS_MAX } from '#shared/identity/tokens.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Rate } from '#shared/rates/rate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Authenticate, Authenticated } from './deps.ts'
import { clearCookie, cookieOf } from './session-cookie.ts'

/** Our console sends it with every request; a form or a link of another site cannot. */
export const CSRF_HEADER = 'x-postwolke'

const MINUTE_MS = 60_000
/** Part of a network's requests that may come from those who have not signed in. */
const STRANGERS = 10

export function createAuthenticate(deps: {
  readonly identities: Pick<Identities, 'ofCookie' | 'ofToken'>
  readonly rates: Pick<Rates, 'take' | 'left'>
  readonly settings: () => Pick<Settings, 'apiRequestsPerMinute' | 'apiRequestsPerMinutePerNetwork'>
}): Authenticate {
  const { identities, rates } = deps

  function limitsOf() {
    const { apiRequestsPerMinute, apiRequestsPerMinutePerNetwork } = deps.settings()
    const perNetwork = apiRequestsPerMinutePerNetwork
    const rate = (name: string, capacity: number): Rate => ({ name, capacity, perMs: MINUTE_MS })
    return {
      actor: rate('api-actor', apiRequestsPerMinute),
      network: rate('api-network', perNetwork),
      stranger: rate('api-stranger', Math.ceil(perNetwork / STRANGERS)),
    }
  }

  const take = (rate: Rate, key: string) =>
    rates.take(rate, key) ? undefined : throttled(rate, rates.left(rate, key))

  async function find(request: Request, caller: WebCaller): Promise<Identity | Authenticated> {
    const authorization = request.headers.get('authorization')
    if (authorization !== null) {
      const text = bearerOf(authorization)
      const found = text && (await identities.ofToken(text, caller.address))
      return found || refused(401, 'invalid-token', 'this token is not one, or not any more')
    }
    const cookie = cookieOf(request)
    if (cookie === undefined) return { kind: 'nobody' }
    const found = await identities.ofCookie(cookie)
    return found ?? { ...refused(401, 'session-ended', 'sign in again'), headers: [clearCookie] }
  }

  return async (request, caller, { isOpen }) => {
    const limits = limitsOf()
    const network = clientNetwork(caller.address)
    const tooMany = take(limits.network, network)
    if (tooMany !== undefined) return tooMany
    if (!isConfidential(caller)) {
      return refused(403, 'tls-required', 'what identifies somebody is not sent without TLS')
    }
    const changes = !['GET', 'HEAD'].includes(request.method)
    const found = await find(request, caller)
    if ('kind' in found) {
      const over = take(limits.stranger, network)
      if (over !== undefined) return over
      if (!isOpen) return found
      // Whoever signs in anew may have a cookie that is worth nothing any more; but no other site may have him sign in.
      return isForeign(request) ? forged : { kind: 'nobody' }
    }
    const { actor, session, token } = found
    const isCookie = session !== null
    if (isCookie && changes && !isOurs(request)) return forged
    const key = token?.id ?? actor.accountId ?? actor.name
    const over = take(limits.actor, key)
    if (over !== undefined) return over
    return {
      kind: 'actor',
      actor,
      identity: found,
      headers: rateHeaders(limits.actor, rates.left(limits.actor, key)),
    }
  }
}

function bearerOf(authorization: string): string | undefined {
  if (authorization.length > TOKEN_CHARACTERS_MAX + 'Bearer '.length) return undefined
  return /^bearer ([\w.-]{1,200})$/i.exec(authorization)?.[1]
}

const refused = (status: 401 | 403, code: string, detail: string) =>
  ({ kind: 'refused', status, code, detail }) as const

const forged = refused(
  403,
  'cross-site',
  `a change comes from our own pages, with the header ${CSRF_HEADER}`,
)

/** A change asked for by a page of ours: it says so itself, and the browser says it too. */
function isOurs(request: Request): boolean {
  return request.headers.has(CSRF_HEADER) && !isForeign(request) && saysWhence(request)
}

const saysWhence = ({ headers }: Request) => headers.has('sec-fetch-site') || headers.has('origin')

/** By what browsers write and pages cannot. */
function isForeign({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin'
  const origin = headers.get('origin')
  if (origin === null) return false
  return !URL.canParse(origin) || new URL(origin).host !== new URL(url).host
}

const isLoopback = createNetworkMatcher(['127.0.0.0/8', '::1/128'])

/** No secret crosses a wire in clear. */
const isConfidential = ({ address, isSecure }: WebCaller) => isSecure || isLoopback(address)

/** draft-ietf-httpapi-ratelimit-headers-10. */
function rateHeaders(
  { capacity, perMs }: Rate,
  left: number,
): readonly (readonly [string, string])[] {
  if (capacity === 0) return []
  const seconds = perMs / 1_000
  const untilFull = Math.ceil(((capacity - left) / capacity) * seconds)
  return [
    ['ratelimit-policy', `"requests";q=${capacity};w=${seconds}`],
    ['ratelimit', `"requests";r=${left};t=${untilFull}`],
  ]
}

function throttled(rate: Rate, left: number): Authenticated {
  const retryAfterSeconds = Math.max(1, Math.ceil(rate.perMs / rate.capacity / 1_000))
  return { kind: 'throttled', retryAfterSeconds, headers: rateHeaders(rate, left) }
}
