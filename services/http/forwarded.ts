// Who asks a reverse proxy in front of us, which tells it in X-Forwarded-For and X-Forwarded-Proto. Believed of proxies that the settings name,
// and of nobody else: whoever writes these fields can claim any address.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { WebCaller } from '#shared/contracts/web.ts'
import { plainAddress } from '#shared/net/plain-address.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'

/** Proxies in a row. */
const HOPS_MAX = 20

export function forwardedCaller(
  networks: readonly string[],
): (incoming: Pick<IncomingMessage, 'headers'>, caller: WebCaller) => WebCaller {
  const isTrusted = createNetworkMatcher(networks)
  return ({ headers }, caller) => {
    if (!isTrusted(caller.address)) return caller
    // Each proxy adds whom it was asked by, at the end; the last that is no proxy of ours is who asks.
    const named = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .slice(-HOPS_MAX)
      .map((part) => plainAddress(part.trim()))
      .reverse()
    const isSecure = caller.isSecure || lastOf(headers['x-forwarded-proto']) === 'https'
    let { address } = caller
    for (const one of named) {
      if (isIP(one) === 0) break
      address = one
      if (!isTrusted(one)) break
    }
    return { address, isSecure }
  }
}

const lastOf = (field: string | readonly string[] | undefined) =>
  String(field ?? '')
    .split(',')
    .at(-1)
    ?.trim()
    .toLowerCase()
