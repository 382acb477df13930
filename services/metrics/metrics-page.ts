// `/metrics`, for Prometheus: to the networks that the settings name, and to whoever has the token.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { WebHandler } from '#shared/contracts/web.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'
import { EXPOSITION_TYPE } from './exposition.ts'

export const METRICS_PATH = '/metrics'

export function createMetricsPage(deps: {
  readonly networks: () => readonly string[]
  /** '' for none. */
  readonly token: () => Promise<string>
  readonly exposition: () => Promise<string>
}): WebHandler {
  return async (request, caller) => {
    if (new URL(request.url).pathname !== METRICS_PATH) return undefined
    const isNear = createNetworkMatcher(deps.networks())(caller.address)
    if (!isNear && !(await bearsToken(request, await deps.token()))) {
      return answer(
        401,
        'this needs the token of metricsTokenFile, or an address in metricsNetworks',
      )
    }
    if (request.method !== 'GET') return answer(405, 'GET is answered')
    return new Response(await deps.exposition(), {
      headers: { 'content-type': EXPOSITION_TYPE, 'cache-control': 'no-store' },
    })
  }
}

async function bearsToken(request: Request, token: string): Promise<boolean> {
  const [, given] =
    /^Bearer ([\x21-\x7e]{1,1000})$/.exec(request.headers.get('authorization') ?? '') ?? []
  if (token === '' || given === undefined) return false
  return timingSafeEqual(digestOf(given), digestOf(token))
}

const digestOf = (text: string) => createHash('sha256').update(text).digest()

const answer = (status: number, text: string) =>
  new Response(`${text}\n`, {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    },
  })
