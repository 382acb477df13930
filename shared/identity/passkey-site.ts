// The domain that passkeys are made for. A browser uses one only there and below it, so that a host with another name has none of them: the
// domain is fixed when the first passkey is made, and stays when the host is called something else. Only `passkeyDomain` changes it.
//
//   PASSKEYS / SITE   rpId; in `directory`

import { ConditionFailed, type Table } from '#shared/storage/ports.ts'
import type { PasskeySite } from './passkeys.ts'

export type PasskeySiteSettings = {
  readonly hostname: string
  /** '': as it was fixed, or the host's name. */
  readonly passkeyDomain: string
  readonly passkeyHosts: readonly string[]
}

const key = { pk: 'PASSKEYS', sk: 'SITE' }

export function createPasskeySite(
  table: Pick<Table, 'get' | 'write'>,
  settings: PasskeySiteSettings,
) {
  const { hostname, passkeyDomain, passkeyHosts } = settings
  let fixed: string | undefined

  async function rpId(): Promise<string> {
    if (passkeyDomain !== '') return passkeyDomain
    if (fixed !== undefined) return fixed
    const item = await table.get(key, { consistent: true })
    if (item === undefined) return hostname
    fixed = String(item.rpId)
    return fixed
  }

  return {
    async site(): Promise<PasskeySite> {
      const id = await rpId()
      return { rpId: id, hosts: new Set([id, hostname, ...passkeyHosts]), name: hostname }
    },
    /** The first to say it has it fixed. */
    async settle({ rpId }: PasskeySite): Promise<void> {
      if (passkeyDomain !== '' || fixed !== undefined) return
      try {
        await table.write({ put: { ...key, rpId }, if: { absent: 'pk' } })
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error
      }
    },
  }
}
