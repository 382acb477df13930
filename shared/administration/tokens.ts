// Tokens of the API: made by an account for itself, never for more than its maker may give; revoked by it or by an owner.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Token } from '#shared/identity/tokens.ts'
import { TOKENS_MAX } from '#shared/identity/tokens.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { AdministrationDeps } from './deps.ts'
import {
  type BadValue,
  badValue,
  type NoSuchAccount,
  type NoSuchToken,
  type TooMany,
} from './refusals.ts'
import type { Actor } from './rights/actor.ts'
import { allRights, isRight, type Right } from './rights/rights.ts'

export interface TokenAdministration {
  make(request: MakeToken): Promise<TokenMade | BadValue | NoSuchAccount | TooMany>
  /** The newest first. */
  of(accountId: AccountId): Promise<readonly TokenFacts[]>
  /** Of all accounts. */
  page(request: { readonly after?: string | undefined; readonly limit: number }): Promise<TokenPage>
  get(id: string): Promise<Token | undefined>
  revoke(id: string): Promise<TokenRevoked | NoSuchToken>
}

export type MakeToken = {
  /** For whom: his own. */
  readonly actor: Actor
  readonly name: string
  readonly scopes: readonly string[]
  /** For how long, such as 90d; none: TOKEN_MS, or as long as a token may be. */
  readonly expires?: string | undefined
}

export type TokenFacts = Omit<Token, 'roleEpoch'> & {
  readonly address: string | null
  readonly hasExpired: boolean
}
export type TokenMade = {
  readonly kind: 'made'
  readonly token: TokenFacts
  /** Nobody gets to see it a second time. */
  readonly text: string
}
export type TokenRevoked = { readonly kind: 'revoked'; readonly token: TokenFacts }
export type TokenPage = { readonly items: readonly TokenFacts[]; readonly next: string | undefined }

export const TOKEN_NAME_CHARACTERS_MAX = 100
const DAY_MS = 86_400_000
const TOKEN_MS = 90 * DAY_MS
const MINUTE_MS = 60_000

export function createTokenAdministration({
  directory,
  tokens,
  settings,
  clock,
  record,
}: AdministrationDeps): TokenAdministration {
  async function describe({ roleEpoch: _, ...token }: Token): Promise<TokenFacts> {
    const account = await directory.accounts.byId(token.accountId)
    const address = account === undefined ? null : formatAddress(account.address)
    return { ...token, address, hasExpired: token.expiresMs <= clock.now() }
  }

  const lifetimeKind = () => duration({ min: MINUTE_MS, max: settings.apiTokenLifetime })

  return {
    async make({ actor, name, scopes: texts, expires }) {
      if (!/^[^\p{Cc}]+$/u.test(name) || name.length > TOKEN_NAME_CHARACTERS_MAX) {
        const charactersMax = TOKEN_NAME_CHARACTERS_MAX
        return badValue('name', name.slice(0, charactersMax), { name: 'one-line', charactersMax })
      }
      const scopes = parseScopes(texts, actor.scopes)
      if (scopes.kind !== 'ok') return scopes
      const kind = lifetimeKind()
      const asked =
        expires === undefined ? Math.min(TOKEN_MS, settings.apiTokenLifetime) : kind.parse(expires)
      if (asked === undefined) {
        return badValue('expires', expires ?? '', { name: 'future-time', allowed: kind.allowed })
      }
      const account =
        actor.accountId === null ? undefined : await directory.accounts.byId(actor.accountId)
      if (account === undefined)
        return { kind: 'no-such-account', field: 'address', value: actor.name }
      const { id: accountId, roleEpoch } = account
      const added = await tokens.add({
        accountId,
        name,
        scopes: scopes.value,
        expiresMs: clock.now() + asked,
        roleEpoch,
      })
      if (added.kind !== 'ok') {
        return { kind: 'too-many', field: 'token', value: name, max: TOKENS_MAX }
      }
      const { token, text } = added
      record({ what: 'token', name: token.id, before: null, after: changeFacts(token) })
      return { kind: 'made', token: await describe(token), text }
    },

    of: async (accountId) => await Promise.all((await tokens.list(accountId)).map(describe)),

    async page({ after, limit }) {
      const { items, next } = await tokens.page({ limit, ...(after !== undefined && { after }) })
      return { items: await Promise.all(items.map(describe)), next }
    },

    get: (id) => tokens.get(id),

    async revoke(id) {
      const token = await tokens.get(id)
      if (token === undefined || !(await tokens.remove(id))) {
        return { kind: 'no-such-token', field: 'token', value: id }
      }
      record({ what: 'token', name: id, before: changeFacts(token), after: null })
      return { kind: 'revoked', token: await describe(token) }
    },
  }
}

const changeFacts = ({ name, scopes, expiresMs }: Token) => ({
  name,
  scopes: [...scopes],
  expires: new Date(expiresMs).toISOString(),
})

/** Whoever has some of his rights gives no more of them on. */
function parseScopes(texts: readonly string[], limitedTo: readonly Right[] | null) {
  const allowed = limitedTo ?? allRights
  const wrong = texts.find((text) => !isRight(text) || !allowed.includes(text))
  if (wrong !== undefined || texts.length === 0) {
    return badValue('scopes', wrong ?? '', { name: 'one-of', allowed })
  }
  return { kind: 'ok', value: [...new Set(texts.filter(isRight))] } as const
}
