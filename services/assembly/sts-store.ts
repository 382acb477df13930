// Policies of MTA-STS that were fetched, as they are kept: in the counters table, `STS#<domain>`, for as long as they hold.

import { endOf, type KeptPolicy, type StsStore } from '#services/delivery/remote/tls/sts-store.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Item, Table } from '#shared/storage/ports.ts'

const SK = 'POLICY'

export function createStsStore(
  counters: Pick<Table, 'get' | 'write'>,
  clock: Pick<Clock, 'now'>,
): StsStore {
  return {
    async read(domain) {
      const item = await counters.get({ pk: pkOf(domain), sk: SK })
      const policy = item && readPolicy(item)
      return policy && clock.now() < endOf(policy) ? policy : undefined
    },
    async write(domain, policy) {
      const { mode, mx, maxAgeSeconds, id, fetchedMs } = policy
      const ttl = Math.ceil(endOf(policy) / 1_000)
      const facts = { mode, mx: [...mx], maxAgeSeconds, id, fetchedMs }
      await counters.write({ put: { pk: pkOf(domain), sk: SK, ...facts, ttl } })
    },
  }
}

const pkOf = (domain: string) => `STS#${domain}`

function readPolicy(item: Item): KeptPolicy | undefined {
  const { mode, mx, maxAgeSeconds, id, fetchedMs } = item
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return undefined
  return {
    mode,
    mx: Array.isArray(mx) ? mx.map(String) : [],
    maxAgeSeconds: Number(maxAgeSeconds),
    id: String(id),
    fetchedMs: Number(fetchedMs),
  }
}
