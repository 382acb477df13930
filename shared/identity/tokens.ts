// Tokens of the API: what a program shows in place of a session. `pw_<account>.<id>_<secret>_<checksum>`: scanners for leaked secrets know
// it by its beginning, and one that was mistyped or cut is refused without a look. 192 random bits, of which the hash is kept.
//
//   directory   ACC#<account> / TOKEN#<id>      hash, name, scopes, from when to when, last use
//   directory   TOKENS        / <account>.<id>  nothing more: that there is one, for the list of all
//
// Implementation notes: a token never is worth more than its account is at the moment, and after its account's role was narrowed no more
// than an account without a role, whatever is given to it later (`roleEpoch`). Its use is noted once an hour at most. Lost with the
// account. Where a crash leaves an entry in the list without a token, the list leaves it out.

import { crc32 } from 'node:zlib'
import { isRight, type Right } from '#shared/administration/rights/rights.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { allItems } from '#shared/directory/pages.ts'
import { accountKey } from '#shared/directory/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ConditionFailed, type Item, type Key, type Table } from '#shared/storage/ports.ts'
import { hashOf, hexOf, isSameHash, type RandomBytes } from './secrets.ts'

export type Token = {
  /** `<account>.<id>` */
  readonly id: string
  readonly accountId: AccountId
  readonly name: string
  readonly scopes: readonly Right[]
  readonly createdMs: number
  readonly expiresMs: number
  /** To the hour; null: not yet. */
  readonly usedMs: number | null
  readonly usedFrom: string | null
  /** Of the account when it was made. */
  readonly roleEpoch: number
}

export type NewToken = Pick<Token, 'accountId' | 'name' | 'scopes' | 'expiresMs' | 'roleEpoch'>

export interface Tokens {
  /** `text`: the token, shown this once. */
  add(wanted: NewToken): Promise<TokenAdded>
  /** Also one that has expired; notes its use. Undefined: there is no such token. */
  find(text: string, from: string): Promise<Token | undefined>
  /** Of one account, the newest first. */
  list(accountId: AccountId): Promise<readonly Token[]>
  /** Of all, by account. */
  page(options: { readonly after?: string; readonly limit: number }): Promise<TokenPage>
  get(id: string): Promise<Token | undefined>
  /** False: there is none. */
  remove(id: string): Promise<boolean>
  /** How many. */
  removeAll(accountId: AccountId): Promise<number>
}

export type TokenAdded =
  | { readonly kind: 'ok'; readonly token: Token; readonly text: string }
  | { readonly kind: 'too-many' }

export type TokenPage = { readonly items: readonly Token[]; readonly next?: string }

export const TOKENS_MAX = 50
export const TOKEN_CHARACTERS_MAX = 200
const ID_BYTES = 6
const SECRET_BYTES = 24
const USE_NOTED_MS = 3_600_000
const LIST_PK = 'TOKENS'

const TOKEN = /^pw_([0-9A-Za-z_-]{1,64})\.([0-9a-f]{12})_([0-9a-f]{48})_([0-9a-f]{8})$/
const ID = /^([0-9A-Za-z_-]{1,64})\.([0-9a-f]{12})$/

export function createTokens(deps: {
  /** The `directory` table. */
  readonly directory: Table
  readonly clock: Clock
  readonly random: RandomBytes
}): Tokens {
  const { directory, clock, random } = deps

  async function list(accountId: AccountId): Promise<readonly Token[]> {
    const found: Token[] = []
    const { pk } = accountKey(accountId)
    for await (const item of allItems(directory, { pk, sk: { prefix: PREFIX } })) {
      found.push(readToken(accountId, item))
    }
    return found.sort((a, b) => b.createdMs - a.createdMs)
  }

  async function get(id: string): Promise<Token | undefined> {
    const place = placeOf(id)
    const item = place && (await directory.get(keyOf(place), { consistent: true }))
    return place && item && readToken(place.accountId, item)
  }

  async function removeSome(tokens: readonly Token[]): Promise<number> {
    const keys = tokens.flatMap(({ id }) => {
      const place = placeOf(id)
      return place === undefined ? [] : [keyOf(place), listKey(id)]
    })
    await directory.batchWrite(keys.map((key) => ({ delete: key })))
    return tokens.length
  }

  return {
    list,
    get,

    async add(wanted) {
      const { accountId } = wanted
      if ((await list(accountId)).length >= TOKENS_MAX) return { kind: 'too-many' }
      const id = `${accountId}.${hexOf(random(ID_BYTES))}`
      const secret = hexOf(random(SECRET_BYTES))
      const place = placeOf(id)
      // Cannot happen: accounts have such ids.
      if (place === undefined) throw new Error(`no id of a token: ${id}`)
      const token: Token = { ...wanted, id, createdMs: clock.now(), usedMs: null, usedFrom: null }
      const { name, expiresMs, roleEpoch, createdMs } = token
      const scopes = [...wanted.scopes]
      const hash = hashOf(secret)
      await directory.transact([
        // It is gone with its account.
        { check: accountKey(accountId), if: { exists: 'pk' } },
        {
          put: { ...keyOf(place), hash, name, scopes, createdMs, expiresMs, roleEpoch },
          if: { absent: 'pk' },
        },
        { put: listKey(id) },
      ])
      const text = `pw_${id}_${secret}`
      return { kind: 'ok', token, text: `${text}_${checksumOf(text)}` }
    },

    async find(text, from) {
      const parsed = parseToken(text)
      if (parsed === undefined) return undefined
      const item = await directory.get(keyOf(parsed), { consistent: true })
      if (item === undefined || !isSameHash(hashOf(parsed.secret), String(item.hash))) {
        return undefined
      }
      const { accountId } = parsed
      const token = readToken(accountId, item)
      const nowMs = clock.now()
      if (token.expiresMs <= nowMs || nowMs - (token.usedMs ?? 0) < USE_NOTED_MS) return token
      const usedFrom = from.slice(0, ADDRESS_CHARACTERS_MAX)
      await ignoringGone(
        directory.write({
          update: keyOf(parsed),
          changes: { set: { usedMs: nowMs, usedFrom } },
          if: { exists: 'hash' },
        }),
      )
      return { ...token, usedMs: nowMs, usedFrom }
    },

    async page({ after, limit }) {
      const page = await directory.query({
        pk: LIST_PK,
        limit,
        consistent: true,
        ...(after !== undefined && { after }),
      })
      const places = page.items.flatMap(({ sk }) => placeOf(sk) ?? [])
      const items = await directory.batchGet(places.map(keyOf), { consistent: true })
      const tokens = places.flatMap(({ accountId }, i) => {
        const item = items[i]
        return item === undefined ? [] : [readToken(accountId, item)]
      })
      return { items: tokens, ...(page.next !== undefined && { next: page.next }) }
    },

    async remove(id) {
      const found = await get(id)
      return found !== undefined && (await removeSome([found])) === 1
    },

    removeAll: async (accountId) => await removeSome(await list(accountId)),
  }
}

const PREFIX = 'TOKEN#'
const ADDRESS_CHARACTERS_MAX = 50

type Place = { readonly accountId: AccountId; readonly token: string }

const keyOf = ({ accountId, token }: Place): Key => ({
  pk: accountKey(accountId).pk,
  sk: `${PREFIX}${token}`,
})

const listKey = (id: string): Key => ({ pk: LIST_PK, sk: id })

function placeOf(id: string): Place | undefined {
  const [, account = '', token = ''] = ID.exec(id) ?? []
  const accountId = parseAccountId(account)
  return accountId && { accountId, token }
}

/** Undefined for what is none, by its checksum too. */
export function parseToken(text: string): (Place & { readonly secret: string }) | undefined {
  if (text.length > TOKEN_CHARACTERS_MAX) return undefined
  const [, account = '', token = '', secret = '', checksum] = TOKEN.exec(text) ?? []
  const accountId = parseAccountId(account)
  if (accountId === undefined || checksum !== checksumOf(`pw_${account}.${token}_${secret}`)) {
    return undefined
  }
  return { accountId, token, secret }
}

const checksumOf = (text: string) => crc32(text).toString(16).padStart(8, '0')

function readToken(accountId: AccountId, item: Item): Token {
  const { name, scopes, createdMs, expiresMs, usedMs, usedFrom, roleEpoch } = item
  // Rights that this version does not know, it gives nobody.
  const known = (Array.isArray(scopes) ? scopes : []).map(String).filter(isRight)
  return {
    id: `${accountId}.${item.sk.slice(PREFIX.length)}`,
    accountId,
    name: String(name),
    scopes: known,
    createdMs: Number(createdMs),
    expiresMs: Number(expiresMs),
    usedMs: usedMs === undefined ? null : Number(usedMs),
    usedFrom: usedFrom === undefined ? null : String(usedFrom),
    roleEpoch: Number(roleEpoch),
  }
}

async function ignoringGone(writing: Promise<unknown>): Promise<void> {
  try {
    await writing
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
  }
}
