// Sessions of the console, and search, over the API.

import type { SearchFound, SearchGroup } from '#shared/administration/search.ts'
import type { CostEstimate } from '#shared/administration/usage/cost.ts'
import type { UsageShown } from '#shared/administration/usage/usage.ts'
import type { CommandSessions, Services, SessionShown } from '../services.ts'
import { type ApiClient, msOf, path } from './client.ts'
import { accountPath } from './names.ts'

type SessionBody = Omit<SessionShown, 'createdMs' | 'usedMs' | 'expiresMs'> & {
  readonly createdAt: string
  readonly usedAt: string
  readonly expiresAt: string
}

export function remoteSessions(client: ApiClient): CommandSessions {
  const all = (address: string) => `${accountPath(address)}/sessions`
  return {
    async list(address) {
      const { data } = await client.ask<{ readonly data: readonly SessionBody[] }>({
        method: 'GET',
        path: all(address),
      })
      return { kind: 'sessions', sessions: data.map(sessionOf) }
    },
    async end(address, id) {
      await client.ask({ method: 'DELETE', path: `${all(address)}${path`/${id}`}` })
      return { kind: 'ended', count: 1 }
    },
    async endAll(address) {
      const { ended } = await client.ask<{ readonly ended: number }>({
        method: 'DELETE',
        path: all(address),
      })
      return { kind: 'ended', count: ended }
    },
  }
}

const sessionOf = (body: SessionBody): SessionShown => ({
  ...{ id: body.id, methods: body.methods, createdMs: msOf(body.createdAt) },
  ...{ usedMs: msOf(body.usedAt), expiresMs: msOf(body.expiresAt) },
  ...{ address: body.address, client: body.client },
})

export const remoteSearch =
  (client: ApiClient): Services['search'] =>
  async (q) => {
    const found = await client.ask<{
      readonly groups: readonly (Omit<SearchGroup, 'isMore'> & { readonly more: boolean })[]
      readonly complete: boolean
    }>({ method: 'GET', path: '/search', query: { q } })
    const groups = found.groups.map(({ more, ...group }) => ({ ...group, isMore: more }))
    return { kind: 'found', groups, isComplete: found.complete } satisfies SearchFound
  }

type CostBody = Omit<CostEstimate, 'kind' | 'points'> & {
  readonly points: readonly { readonly at: string; readonly soFar: number }[]
}
type UsageBody = Pick<UsageShown, 'counts' | 'storedBytes'> & {
  readonly from: string
  readonly until: string
  readonly end: string
  readonly since: string
  readonly cost: CostBody | null
  readonly noCost: 'not-set' | 'off' | null
}

export const remoteUsage =
  (client: ApiClient): Services['usage'] =>
  async () => {
    const body = await client.ask<UsageBody>({ method: 'GET', path: '/usage' })
    const { cost, noCost, counts, storedBytes } = body
    return {
      ...{ startMs: msOf(body.from), nowMs: msOf(body.until), endMs: msOf(body.end) },
      ...{ sinceMs: msOf(body.since), counts, storedBytes },
      cost:
        cost === null
          ? { kind: 'none', why: noCost ?? 'not-set' }
          : {
              ...{ kind: 'estimate', ...cost },
              points: cost.points.map(({ at, soFar }) => ({ atMs: msOf(at), soFar })),
            },
    }
  }
