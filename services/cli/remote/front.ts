// Old servers and the accounts on them, over the API.

import type {
  DomainFrontSet,
  DomainFrontShown,
  FrontAdministration,
  FrontSet,
  FrontShown,
  SourceFacts,
} from '#shared/administration/front.ts'
import { type ApiClient, msOf, path } from './client.ts'
import { accountPath, domainPath } from './names.ts'

type SourceBody = Omit<SourceFacts, 'createdMs'> & { readonly createdAt: string }

export function remoteFront(client: ApiClient): FrontAdministration {
  const front = (address: string) => `${accountPath(address)}/front`
  const frontOfDomain = (domain: string) => `${domainPath(domain)}/front`
  return {
    async listSources() {
      const { data } = await client.ask<{ readonly data: readonly SourceBody[] }>({
        method: 'GET',
        path: '/sources',
      })
      const sources = data.map(({ createdAt, ...facts }) => ({
        ...facts,
        createdMs: msOf(createdAt),
      }))
      return { kind: 'sources', sources }
    },
    async addSource(body) {
      const { name } = await client.ask<{ readonly name: string }>({
        method: 'POST',
        path: '/sources',
        body,
      })
      return { kind: 'added', name }
    },
    async removeSource(name) {
      await client.ask({ method: 'DELETE', path: path`/sources/${name}` })
      return { kind: 'removed', name }
    },
    async show(address) {
      const shown = await client.ask<Omit<FrontShown, 'kind'>>({
        method: 'GET',
        path: front(address),
      })
      return { kind: 'front', ...shown }
    },
    async set({ address, ...body }) {
      const set = await client.ask<Omit<FrontSet, 'kind'>>({
        method: 'PUT',
        path: front(address),
        body,
      })
      return { kind: 'front', ...set }
    },
    async end({ address, flushes = true }) {
      const set = await client.ask<Omit<FrontSet, 'kind'>>({
        method: 'DELETE',
        path: front(address),
        query: flushes ? {} : { flushes: 'false' },
      })
      return { kind: 'front', ...set }
    },
    async showDomain(domain) {
      const shown = await client.ask<Omit<DomainFrontShown, 'kind'>>({
        method: 'GET',
        path: frontOfDomain(domain),
      })
      return { kind: 'domain-front', ...shown }
    },
    async setDomain({ domain, ...body }) {
      const set = await client.ask<Omit<DomainFrontSet, 'kind'>>({
        method: 'PUT',
        path: frontOfDomain(domain),
        body,
      })
      return { kind: 'domain-front', ...set }
    },
    async endDomain(domain) {
      const set = await client.ask<Omit<DomainFrontSet, 'kind'>>({
        method: 'DELETE',
        path: frontOfDomain(domain),
      })
      return { kind: 'domain-front', ...set }
    },
  }
}
