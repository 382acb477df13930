// Source hosts: old servers that accounts are moved from, and which accounts are still there. An account says so itself, and its address
// does, so that whoever reads them has it without another read.
//
//   SOURCES   / <name>      where its services listen, how logins are made there, how many accounts are there
//
// The password of a master user is there as it is: nothing less lets anybody in at the source.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Address } from '#shared/mail/address.ts'
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
import { type AccountRecord, accountKey, addressKey, readAccount, readAddress } from './records.ts'

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
  add(host: Omit<SourceHost, 'accounts' | 'createdMs'>): Promise<boolean>
  remove(name: string): Promise<'removed' | 'no-such-source' | 'in-use'>
  /** Where the account is from now on; null: here. Its sessions end, wherever they are. */
  assign(address: Address, at: AtSource | null): Promise<Assigned>
}

export type Assigned =
  | { readonly kind: 'ok'; readonly account: AccountRecord; readonly before: AtSource | null }
  | { readonly kind: 'no-such-account' }
  | { readonly kind: 'no-such-source' }

const SOURCES_PK = 'SOURCES'
const keyOf = (name: string): Key => ({ pk: SOURCES_PK, sk: name })

export function createSources(deps: {
  readonly table: Table
  readonly clock: Pick<Clock, 'now'>
  /** Told when sessions of the account have to end. */
  readonly onSessionsEnd: (id: AccountId) => void
}): Sources {
  const { table, clock, onSessionsEnd } = deps

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
          put: { ...keyOf(name), ...facts, accounts: 0, createdMs: clock.now() },
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
        if (host.accounts > 0) return 'in-use'
        const isUnused: Condition = { attribute: 'accounts', is: '=', value: 0 }
        await table.write({ delete: keyOf(name), if: isUnused })
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
          ...counts(before, at),
        ])
        onSessionsEnd(account.id)
        const sessionsEpoch = account.sessionsEpoch + 1
        return {
          kind: 'ok',
          account: { ...rest, sessionsEpoch, ...(at !== null && { source: at }) },
          before,
        }
      }),
  }
}

/** A source counts its accounts: while there are any it stays. */
function counts(before: AtSource | null, after: AtSource | null): readonly Write[] {
  if (before?.name === after?.name) return []
  return [
    ...(before === null ? [] : [countOf(before.name, -1)]),
    ...(after === null ? [] : [countOf(after.name, 1)]),
  ]
}

const countOf = (name: string, by: number): Write => ({
  update: keyOf(name),
  changes: { add: { accounts: by } },
  if: { exists: 'pk' },
})

/** Of an account that is removed. */
export const leavesSource = ({ source }: Pick<AccountRecord, 'source'>): readonly Write[] =>
  counts(source ?? null, null)

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
