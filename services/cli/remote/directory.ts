// Domains, aliases, their DNS records and keys, rights in folders, access tables and rewritten senders over the API, as
// shared/administration has them.

import type { AccessAdministration, AccessTested } from '#shared/administration/access.ts'
import type {
  AddressShown,
  AliasAdministration,
  AliasFacts,
  AliasShown,
} from '#shared/administration/aliases.ts'
import type { CheckedRecord, DnsAdministration } from '#shared/administration/dns/domain-records.ts'
import { parseLimits } from '#shared/administration/domain-limits.ts'
import type { DomainAdministration, DomainFacts } from '#shared/administration/domains.ts'
import type { Grant, GrantAdministration } from '#shared/administration/grants.ts'
import type { AccessImported } from '#shared/administration/imports/access-import.ts'
import type { Source } from '#shared/administration/imports/lines.ts'
import type { Postmaster } from '#shared/administration/postmaster.ts'
import type {
  Keys,
  SigningAdministration,
  SigningKeyFacts,
} from '#shared/administration/signing.ts'
import type { SrsAdministration, SrsShown } from '#shared/administration/srs.ts'
import type { Warning } from '#shared/administration/warnings.ts'
import type { Domain } from '#shared/mail/domain.ts'
import {
  type ApiClient,
  allOf,
  msOf,
  msOrNull,
  type Page,
  path,
  RefusedByServer,
  ServerProblem,
} from './client.ts'
import { accountPath, aliasPath, domainPath } from './names.ts'

/** Asked for at a time. */
const PAGE_ENTRIES = 1_000

type DomainBody = Omit<DomainFacts, 'createdMs'> & { readonly createdAt: string }

const domainOf = ({ domain, accounts, aliases, createdAt, limits }: DomainBody): DomainFacts => ({
  ...{ domain, accounts, aliases, createdMs: msOf(createdAt), limits },
})

export function remoteDomains(client: ApiClient): DomainAdministration {
  return {
    async add(request) {
      const added = await client.ask<DomainBody & { readonly postmaster: Postmaster }>({
        method: 'POST',
        path: '/domains',
        body: request,
      })
      return { kind: 'added', domain: domainOf(added), postmaster: added.postmaster }
    },

    async page({ after, limit = PAGE_ENTRIES }) {
      const query = { cursor: after, limit }
      const page: Page<DomainBody> = await client.ask({ method: 'GET', path: '/domains', query })
      return { kind: 'page', items: page.data.map(domainOf), next: page.next ?? undefined }
    },

    async show(name) {
      const domain = domainOf(await client.ask({ method: 'GET', path: domainPath(name) }))
      const query = { domain: domain.domain, limit: PAGE_ENTRIES }
      async function* accounts() {
        const all = allOf<{ readonly address: string }>(client, '/accounts', query)
        for await (const { address } of all) yield address
      }
      async function* aliases() {
        for await (const { alias } of allOf<AliasFacts>(client, '/aliases', query)) yield alias
      }
      return { kind: 'domain', domain, accounts: accounts(), aliases: aliases() }
    },

    async measure(name) {
      const measured = await client.ask<
        DomainBody & { readonly messages: number; readonly bytes: number }
      >({ method: 'GET', path: `${domainPath(name)}/usage` })
      const { messages, bytes } = measured
      return { kind: 'measured', domain: domainOf(measured), messages, bytes }
    },

    async limit(request) {
      const limits = parseLimits(request)
      if (limits.kind !== 'ok') throw new RefusedByServer(limits)
      const limited: DomainBody = await client.ask({
        method: 'PATCH',
        path: domainPath(request.domain),
        body: { limits: limits.value },
      })
      return { kind: 'limited', domain: domainOf(limited) }
    },

    async remove({ domain, force }) {
      const removed = await client.ask<{
        readonly domain: Domain
        readonly accounts: number
        readonly aliases: number
        readonly messages: number
      }>({ method: 'DELETE', path: domainPath(domain), query: { force } })
      return { kind: 'removed', ...removed }
    },
  }
}

type AliasDone = { readonly alias: AliasFacts; readonly warnings: readonly Warning[] }

export function remoteAliases(client: ApiClient): AliasAdministration {
  return {
    async add(request) {
      const body = request
      const done = await client.ask<AliasDone>({ method: 'POST', path: '/aliases', body })
      return { kind: 'added', ...done }
    },

    async page({ domain, after, limit = PAGE_ENTRIES }) {
      const query = { domain, cursor: after, limit }
      const page: Page<AliasFacts> = await client.ask({ method: 'GET', path: '/aliases', query })
      return { kind: 'page', items: page.data, next: page.next ?? undefined }
    },

    async show(name) {
      const found = await client.ask<
        ({ readonly kind: 'alias' } & AliasFacts & Pick<AliasShown, 'route'>) | AddressShown
      >({ method: 'GET', path: aliasPath(name) })
      if (found.kind !== 'alias') return found
      const { alias, targets, route } = found
      return { kind: 'alias', alias: { alias, targets }, route }
    },

    async tree(address) {
      return {
        kind: 'tree',
        tree: await client.ask({ method: 'GET', path: `${aliasPath(address)}/tree` }),
      }
    },

    async set({ alias, targets }) {
      const path = aliasPath(alias)
      const done = await client.ask<AliasDone>({ method: 'PATCH', path, body: { targets } })
      return { kind: 'set', ...done }
    },

    async remove(alias) {
      const path = aliasPath(alias)
      const gone = await client.ask<{
        readonly alias: string
        readonly warnings: readonly Warning[]
      }>({ method: 'DELETE', path })
      return { kind: 'removed', ...gone }
    },
  }
}

type RecordBody = Omit<CheckedRecord, 'isMet' | 'isOfKind' | 'hint' | 'published'> & {
  readonly hint: string | null
  readonly published: NonNullable<CheckedRecord['published']> | null
}

export function remoteDns(client: ApiClient): DnsAdministration {
  return {
    async records({ domain, check }) {
      const found = await client.ask<{
        readonly domain: string
        readonly records: readonly RecordBody[]
        readonly stsPolicy: string | null
      }>({ method: 'GET', path: `${domainPath(domain)}/dns`, query: { check } })
      return {
        kind: 'records',
        domain: found.domain,
        records: found.records.map(({ hint, published, ...record }) => ({
          ...record,
          // Compared by the server already.
          isMet: () => published?.kind === 'met',
          isOfKind: () => false,
          ...(hint !== null && { hint }),
          published: published ?? undefined,
        })),
        stsPolicy: found.stsPolicy ?? undefined,
      }
    },
  }
}

type KeyBody = Omit<SigningKeyFacts, 'sinceMs' | 'createdMs' | 'seenMs'> & {
  readonly since: string
  readonly createdAt: string
  readonly seenAt: string | null
}
type KeysBody = { readonly domain: Domain; readonly keys: readonly KeyBody[] }

export function remoteSigning(client: ApiClient): SigningAdministration {
  const keys = (domain: string) => `${domainPath(domain)}/keys`
  const post = async (path: string, body?: object) =>
    keysOf(await client.ask<KeysBody>({ method: 'POST', path, body }))
  return {
    list: async (domain) => keysOf(await client.ask({ method: 'GET', path: keys(domain) })),
    check: (domain) => post(`${keys(domain)}:check`),
    rotate: ({ domain, algorithm }) => post(`${keys(domain)}:rotate`, { algorithm }),
    revoke: ({ domain, selector }) => post(`${keys(domain)}${path`/${selector}:revoke`}`),
    force: ({ domain, selector }) => post(`${keys(domain)}${path`/${selector}:force`}`),
    import: ({ domain, selector, pem }) => post(keys(domain), { selector, privateKey: pem }),
  }
}

const keysOf = ({ domain, keys }: KeysBody): Keys => ({
  kind: 'keys',
  domain,
  keys: keys.map(({ since, createdAt, seenAt, ...key }) => ({
    ...key,
    sinceMs: msOf(since),
    createdMs: msOf(createdAt),
    seenMs: msOrNull(seenAt),
  })),
})

export function remoteGrants(client: ApiClient): GrantAdministration {
  const grants = (address: string) => `${accountPath(address)}/grants`
  return {
    async list({ address, folder }) {
      const { data } = await client.ask<{ readonly data: readonly Grant[] }>({
        method: 'GET',
        path: grants(address),
        query: { folder: folder || undefined },
      })
      return { kind: 'grants', grants: data }
    },
    async set({ address, ...body }) {
      const set = await client.ask<{ readonly rights: string }>({
        method: 'PUT',
        path: grants(address),
        body,
      })
      return { kind: 'set', ...set }
    },
    async remove({ address, folder, grantee }) {
      await client.ask({ method: 'DELETE', path: grants(address), query: { folder, grantee } })
      return { kind: 'set', rights: '' }
    },
  }
}

export function remoteAccess(client: ApiClient): AccessAdministration {
  return {
    async tables() {
      const { data } = await client.ask<{
        readonly data: readonly { readonly table: string; readonly entries: number }[]
      }>({ method: 'GET', path: '/accessTables' })
      return { kind: 'tables', tables: data }
    },
    async page({ table, after }) {
      const page: Page<{ readonly key: string; readonly result: string }> = await client.ask({
        method: 'GET',
        path: path`/accessTables/${table}/entries`,
        query: { cursor: after },
      })
      return { kind: 'page', items: page.data, next: page.next ?? undefined }
    },
    async set({ table, key, ...body }) {
      const set = await client.ask<{
        readonly entry: { readonly key: string; readonly result: string }
        readonly before: string | null
        readonly warnings: readonly Warning[]
      }>({ method: 'PUT', path: path`/accessTables/${table}/entries/${key}`, body })
      return { kind: 'set', ...set }
    },
    async remove({ table, key }) {
      if (key === undefined) {
        const gone = await client.ask<{ readonly entries: number }>({
          method: 'DELETE',
          path: path`/accessTables/${table}`,
        })
        return { kind: 'removed', ...gone }
      }
      await client.ask({ method: 'DELETE', path: path`/accessTables/${table}/entries/${key}` })
      return { kind: 'removed', entries: 1 }
    },
    async test({ table, ...body }) {
      const tested = await client.ask<Omit<AccessTested, 'kind'>>({
        method: 'POST',
        path: path`/accessTables/${table}:test`,
        body,
      })
      return { kind: 'tested', ...tested }
    },
    async import({ table, source, skipFaulty, replace, dryRun, anyResult }) {
      return await client.ask<AccessImported>({
        method: 'POST',
        path: path`/accessTables/${table}:import`,
        query: { skipFaulty, replace, anyResult, check: dryRun },
        file: { type: 'text/plain', bytes: textOf(source) },
      })
    },
  }
}

/** The lines of a file as they were, but for their ends. */
export const textOf = (source: Source): Uint8Array =>
  Buffer.from(Array.from(source.lines(), ({ text }) => text).join('\n'))

export function remoteSrs(client: ApiClient): Omit<SrsAdministration, 'bring'> {
  return {
    async rotate() {
      try {
        const rotated = await client.ask<{ readonly secrets: number }>({
          method: 'POST',
          path: '/rewrittenSenders:rotate',
        })
        return { kind: 'rotated', ...rotated }
      } catch (error) {
        if (error instanceof ServerProblem && error.code === 'in-file') return { kind: 'in-file' }
        throw error
      }
    },
    async show(address) {
      return await client.ask<SrsShown>({
        method: 'POST',
        path: '/rewrittenSenders:show',
        body: { address },
      })
    },
  }
}
