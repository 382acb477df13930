// Source hosts: old servers that accounts are moved from, and which accounts are still there. An account says so itself, and its address
// does, so that whoever reads them has it without another read. A domain says where those of it are that have no account here (guests.ts),
// and accounts that are added to it are there first.
//
//   SOURCES   / <name>      where its services listen, how logins are made there, how many accounts and domains are there
//
// The password of a master user is there as it is: nothing less lets anybody in at the source.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Address } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  type Condition,
  ConditionFailed,
  type Item,
  type Key,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { optimistic } from './optimistic.ts'
import { allItems } from './pages.ts'
import {
  type AccountRecord,
  accountKey,
  addressKey,
  domainKey,
  readAccount,
  readAddress,
  readDomain,
} from './records.ts'

export type SourceHost = {
  readonly name: string
  /** As `shared/front/endpoint.ts` reads them. */
  readonly endpoints: {
    readonly [service in 'imap' | 'pop3' | 'managesieve' | 'submission']?: string
  }
  /** The next hop of its mail (shared/mail/next-hop.ts); null: what comes for it waits. */
  readonly smtp: string | null
  readonly login: SourceLoginWay
  /** How many are there. */
  readonly accounts: number
  readonly domains: number
  readonly createdMs: number
}

/** `names`: what the source calls an account. */
export type SourceLoginWay = { readonly names: 'address' | 'local-part' } & (
  | { readonly kind: 'own-password' }
  /** Logins are checked here, and made there as `<name><separator><user>`. */
  | {
      readonly kind: 'master'
      readonly user: string
      readonly separator: string
      readonly password: string
    }
)

export interface Sources {
  get(name: string): Promise<SourceHost | undefined>
  list(): Promise<readonly SourceHost[]>
  /** False: there is one of this name. */
  add(host: NewSource): Promise<boolean>
  remove(name: string): Promise<'removed' | 'no-such-source' | 'in-use'>
  /** Where the account is from now on; null: here. Its sessions end, wherever they are. */
  assign(address: Address, at: AtSource | null): Promise<Assigned>
  /** The same of who has no account in the domain. Its accounts stay where they are. */
  assignDomain(domain: Domain, name: string | null): Promise<DomainAssigned>
  /** Where a guest with this address is; undefined: there is no such guest, or not any more. */
  ofGuest(address: Address): Promise<AtSource | undefined>
}

export type NewSource = Omit<SourceHost, 'accounts' | 'domains' | 'createdMs'>

export type Assigned =
  | { readonly kind: 'ok'; readonly account: AccountRecord; readonly before: AtSource | null }
  | { readonly kind: 'no-such-account' }
  | { readonly kind: 'no-such-source' }

export type DomainAssigned =
  | { readonly kind: 'ok'; readonly before: AtSource | null }
  | { readonly kind: 'no-such-domain' }
  | { readonly kind: 'no-such-source' }

export const SOURCES_PK = 'SOURCES'
const keyOf = (name: string): Key => ({ pk: SOURCES_PK, sk: name })

export function createSources(deps: {
  readonly table: Table
  readonly clock: Pick<Clock, 'now'>
  /** Told when sessions of the account have to end. */
  readonly onSessionsEnd: (id: AccountId) => void
  /** Told when those of guests of the domain have to. */
  readonly onGuestsEnd: (domain: Domain) => void
}): Sources {
  const { table, clock, onSessionsEnd, onGuestsEnd } = deps

  async function get(name: string): Promise<SourceHost | undefined> {
    const item = await table.get(keyOf(name), { consistent: true })
    return item && readSource(item)
  }

  return {
    get,

    async list() {
      const all: SourceHost[] = []
      for await (const item of allItems(table, { pk: SOURCES_PK })) all.push(readSource(item))
      return all
    },

    async add({ name, endpoints, smtp, login }) {
      const facts = { endpoints: { ...endpoints }, smtp, login: { ...login } }
      try {
        await table.write({
          put: { ...keyOf(name), ...facts, accounts: 0, domains: 0, createdMs: clock.now() },
          if: { absent: 'pk' },
        })
        return true
      } catch (error) {
        if (error instanceof ConditionFailed) return false
        throw error
      }
    },

    remove: (name) =>
      optimistic<'removed' | 'no-such-source' | 'in-use'>(async () => {
        const host = await get(name)
        if (host === undefined) return 'no-such-source'
        if (host.accounts + host.domains > 0) return 'in-use'
        const is0 = (attribute: string): Condition => ({ attribute, is: '=', value: 0 })
        // Sources of an older version have not counted domains.
        const noDomain: Condition = { any: [{ absent: 'domains' }, is0('domains')] }
        await table.write({ delete: keyOf(name), if: { all: [is0('accounts'), noDomain] } })
        return 'removed'
      }),

    assign: (address, at) =>
      optimistic<Assigned>(async () => {
        const entry = await table.get(addressKey(address), { consistent: true })
        const id = entry && readAddress(entry).account?.id
        const profile = id && (await table.get(accountKey(id), { consistent: true }))
        if (!profile) return { kind: 'no-such-account' }
        const account = readAccount(profile)
        const { source: before = null, ...rest } = account
        // Nobody's session ends for what is so already.
        if (before?.name === at?.name && before?.state === at?.state) {
          return { kind: 'ok', account, before }
        }
        if (at !== null && (await get(at.name)) === undefined) return { kind: 'no-such-source' }
        const source = at === null ? { remove: ['source'] } : { set: { source: { ...at } } }
        await table.transact([
          {
            update: accountKey(account.id),
            changes: { ...source, add: { sessionsEpoch: 1 } },
            if: { all: [{ exists: 'pk' }, asItWas(before)] },
          },
          {
            update: addressKey(address),
            changes: source,
            if: { attribute: 'accountId', is: '=', value: account.id },
          },
          ...counts('accounts', before, at),
        ])
        onSessionsEnd(account.id)
        const sessionsEpoch = account.sessionsEpoch + 1
        return {
          kind: 'ok',
          account: { ...rest, sessionsEpoch, ...(at !== null && { source: at }) },
          before,
        }
      }),

    assignDomain: (domain, name) =>
      optimistic<DomainAssigned>(async () => {
        const item = await table.get(domainKey(domain), { consistent: true })
        if (item === undefined) return { kind: 'no-such-domain' }
        const { source: before = null } = readDomain(item)
        if ((before?.name ?? null) === name) return { kind: 'ok', before }
        if (name !== null && (await get(name)) === undefined) return { kind: 'no-such-source' }
        const at: AtSource | null = name === null ? null : { name, state: 'at-source' }
        await table.transact([
          {
            update: domainKey(domain),
            changes: at === null ? { remove: ['source'] } : { set: { source: { ...at } } },
            if: { all: [{ exists: 'pk' }, asItWas(before)] },
          },
          ...counts('domains', before, at),
        ])
        onGuestsEnd(domain)
        return { kind: 'ok', before }
      }),

    async ofGuest(address) {
      const keys = [domainKey(address.domain), addressKey(address)]
      const read = (key: Key) => table.get(key, { consistent: true })
      const [domain, entry] = await Promise.all(keys.map(read))
      const isSomebody = entry !== undefined && readAddress(entry).account !== null
      return domain === undefined || isSomebody ? undefined : readDomain(domain).source
    },
  }
}

type Counted = 'accounts' | 'domains'

/** A source counts what is there: while there is anything it stays. */
function counts(what: Counted, before: AtSource | null, after: AtSource | null): readonly Write[] {
  if (before?.name === after?.name) return []
  return [
    ...(before === null ? [] : [countOf(before.name, -1, what)]),
    ...(after === null ? [] : [countOf(after.name, 1, what)]),
  ]
}

export const countOf = (name: string, by: number, what: Counted = 'accounts'): Write => ({
  update: keyOf(name),
  changes: { add: { [what]: by } },
  if: { exists: 'pk' },
})

/** Of an account or a domain that is removed. */
export const leavesSource = (
  { source }: { readonly source?: AtSource | undefined },
  what: Counted = 'accounts',
): readonly Write[] => counts(what, source ?? null, null)

/** As it was read. */
export const asItWas = (at: AtSource | null): Condition =>
  at === null ? { absent: 'source' } : { attribute: 'source', is: '=', value: { ...at } }

function readSource(item: Item): SourceHost {
  const { endpoints, smtp, login } = item
  return {
    name: item.sk,
    endpoints: textsOf(endpoints),
    smtp: typeof smtp === 'string' ? smtp : null,
    login: readLogin(Object(login)),
    accounts: Number(item.accounts),
    domains: Number(item.domains ?? 0),
    createdMs: Number(item.createdMs),
  }
}

function textsOf(value: unknown): SourceHost['endpoints'] {
  const { imap, pop3, managesieve, submission } = Object(value)
  return {
    ...(typeof imap === 'string' && { imap }),
    ...(typeof pop3 === 'string' && { pop3 }),
    ...(typeof managesieve === 'string' && { managesieve }),
    ...(typeof submission === 'string' && { submission }),
  }
}

function readLogin(value: { readonly [name: string]: unknown }): SourceLoginWay {
  const names = value.names === 'local-part' ? 'local-part' : 'address'
  if (value.kind !== 'master') return { kind: 'own-password', names }
  const { user, separator, password } = value
  return {
    kind: 'master',
    names,
    user: String(user),
    separator: String(separator),
    password: String(password),
  }
}
