// Accounts over the API, as shared/administration/accounts.ts has them.

import type {
  AccountAdministration,
  AccountFacts,
  AccountSet,
  AddAccount,
  FolderFacts,
  SetAccount,
} from '#shared/administration/accounts.ts'
import { parseQuota } from '#shared/administration/fields.ts'
import { badValue } from '#shared/administration/refusals.ts'
import type { Secret } from '#shared/administration/secrets.ts'
import type { Warning } from '#shared/administration/warnings.ts'
import { type ApiClient, msOf, type Page, RefusedByServer } from './client.ts'
import { accountPath } from './names.ts'

type Account = Omit<AccountFacts, 'createdMs' | 'frozen' | 'sessionsEpoch'> & {
  readonly createdAt: string
  readonly frozen: { readonly reason: string; readonly since: string } | null
}
type Folder = FolderFacts & { readonly messages: number }
type Done = { readonly account: Account; readonly warnings: readonly Warning[] }

export function remoteAccounts(client: ApiClient): AccountAdministration {
  const get = async (address: string) =>
    factsOf(await client.ask({ method: 'GET', path: accountPath(address) }))

  async function add({ address, secret, quota, displayName, enabled, shared }: AddAccount) {
    const quotaBytes = bytesOf(quota)
    const given = await secret()
    if (given === undefined) {
      throw new RefusedByServer(badValue('password', '', { name: 'password-or-hash' }))
    }
    const { account, warnings } = await client.ask<Done>({
      method: 'POST',
      path: '/accounts',
      body: { address, ...textsOf(given), quotaBytes, displayName, enabled, shared },
    })
    return { kind: 'added', address: account.address, warnings } as const
  }

  async function set(request: SetAccount): Promise<AccountSet> {
    const { address, secret, quota, forward, ...others } = request
    const quotaBytes = bytesOf(quota)
    const given = await secret?.()
    const changes = { ...others, forward, quotaBytes }
    const isChange = Object.values(changes).some((value) => value !== undefined)
    if (!isChange && given === undefined) {
      throw new RefusedByServer(badValue('changes', '', { name: 'some-change' }))
    }
    const path = accountPath(address)
    const done: Done[] = []
    if (isChange) done.push(await client.ask({ method: 'PATCH', path, body: changes }))
    if (given !== undefined) {
      const body = textsOf(given)
      done.push(await client.ask({ method: 'PUT', path: `${path}/password`, body }))
    }
    const warnings = done.flatMap((one) => one.warnings)
    return { kind: 'set', address: done[0]?.account.address ?? address, warnings }
  }

  return {
    add,
    set,

    async addAll(requests) {
      const added: Awaited<ReturnType<typeof add>>[] = []
      for (const request of requests) added.push(await add(request))
      return added
    },

    async page({ domain, after, limit }) {
      const page: Page<Account> = await client.ask({
        method: 'GET',
        path: '/accounts',
        query: { domain, cursor: after, limit: limit ?? PAGE_ENTRIES },
      })
      return { kind: 'page', items: page.data.map(factsOf), next: page.next ?? undefined }
    },

    async show(address) {
      const account = await get(address)
      const { data } = await client.ask<{ readonly data: readonly Folder[] }>({
        method: 'GET',
        path: `${accountPath(address)}/folders`,
      })
      return { kind: 'account', account, folders: data.map(({ messages: _, ...facts }) => facts) }
    },

    async measure(address) {
      const { address: name, messages, usedBytes: bytes } = await get(address)
      return { kind: 'measured', address: name, messages, bytes }
    },

    async remove(address) {
      const gone = await client.ask<{
        readonly address: string
        readonly messages: number
        readonly warnings: readonly Warning[]
      }>({ method: 'DELETE', path: accountPath(address) })
      return { kind: 'removed', ...gone }
    },

    async empty(address) {
      const emptied = await client.ask<{ readonly address: string; readonly messages: number }>({
        method: 'POST',
        path: `${accountPath(address)}:empty`,
      })
      return { kind: 'emptied', ...emptied }
    },

    async forward({ address, to, keep }) {
      const forward = to.length === 0 ? null : { to, keep }
      const { account, warnings } = await client.ask<Done>({
        method: 'PATCH',
        path: accountPath(address),
        body: { forward },
      })
      const { address: name, forward: set } = account
      return { kind: 'forwarded', address: name, forward: set, warnings }
    },

    async freeze({ address, reason }) {
      const frozen = await client.ask<{
        readonly address: string
        readonly wasFrozen: boolean
        readonly held: number
      }>({ method: 'POST', path: `${accountPath(address)}:freeze`, body: { reason } })
      return { kind: 'frozen', ...frozen }
    },

    async unfreeze({ address, release }) {
      const unfrozen = await client.ask<{
        readonly address: string
        readonly wasFrozen: boolean
        readonly released: number
      }>({ method: 'POST', path: `${accountPath(address)}:unfreeze`, body: { release } })
      return { kind: 'unfrozen', ...unfrozen }
    },
  }
}

/** Asked for at a time. */
const PAGE_ENTRIES = 1_000

const factsOf = ({ createdAt, frozen, ...facts }: Account): AccountFacts => ({
  ...facts,
  createdMs: msOf(createdAt),
  sessionsEpoch: null,
  frozen: frozen && { reason: frozen.reason, sinceMs: msOf(frozen.since) },
})

function textsOf(secret: Secret) {
  return secret.kind === 'hash'
    ? { passwordHash: secret.hash }
    : { password: Buffer.from(secret.password).toString('utf8') }
}

/** As people write it; null: as the setting says. */
function bytesOf(quota: string | undefined): number | null | undefined {
  if (quota === undefined) return undefined
  const parsed = parseQuota(quota)
  if (parsed.kind !== 'ok') throw new RefusedByServer(parsed)
  return parsed.value
}
