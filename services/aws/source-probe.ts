// Asks old servers at RCPT whether an address is theirs, from a function: which connects to every port but 25, and waits for less long than
// a container would.

import type { Backend } from '#services/assembly/backend.ts'
import type { SourceProbe } from '#services/assembly/policy.ts'
import type { OpenRemoteDelivery } from '#services/assembly/remote.ts'
import type { ProbeAddress } from '#shared/contracts/verify.ts'
import { SMTP_PORT } from '#shared/mail/next-hop.ts'
import { parseRoute } from '#shared/mail/route.ts'

/** Looks at an answer that is awaited; 3 by default. The function has ten seconds for all of a question. */
const POLL_DELAY_MS = 1_500

export function createSourceProbe(backend: Backend): SourceProbe {
  let remote: Promise<OpenRemoteDelivery> | undefined

  /** Loaded when somebody is to be asked: to most deployments no old server is known. */
  async function open(): Promise<OpenRemoteDelivery> {
    const { openRemoteDelivery } = await import('#services/assembly/remote.ts')
    return openRemoteDelivery(backend, { relayhostAuth: null, tlsCa: undefined })
  }

  const probe: ProbeAddress = async (address, accountId) => {
    if (accountId === undefined) return { kind: 'unknown', reply: 'only old servers are asked' }
    const slot = await backend.routes.slotOf({ address, sender: '', accountId })
    const route = parseRoute(slot)
    const hop = typeof route === 'object' && route.kind === 'smtp' ? route.hops[0] : undefined
    if (hop?.port === SMTP_PORT) {
      return { kind: 'unknown', reply: `AWS closes port ${SMTP_PORT} to functions` }
    }
    remote ??= open()
    return await (await remote).probe(address, accountId)
  }
  return { probe, pollDelayMs: POLL_DELAY_MS }
}
