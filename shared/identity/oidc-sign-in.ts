// Signing in to the console with an issuer of OpenID Connect: the code flow with PKCE, state and nonce (OpenID Connect Core §3.1, RFC 7636, RFC
// 9700). The browser goes to the issuer and comes back to a page of the console, which tells what it came back with: cookies that are
// SameSite=Strict are not sent on that way, so the page asks by itself. It tells a word with it, `binding`, that it was given at the
// beginning and nobody else has, so that nobody is signed in as whom an attacker began it for.
//
// oauth4webapi is loaded when the first asks.

import { accountOfClaims, subjectOf } from '#shared/auth/issuer/account-of-claims.ts'
import type { Fetch, Issuer } from '#shared/auth/issuer/issuer.ts'
import { IssuerDown } from '#shared/auth/issuer/issuer.ts'
import type { Claims } from '#shared/auth/issuer/jwt.ts'
import type { ClientCredentials } from '#shared/auth/issuer/token-claims.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { AccountRecord, GivenRights } from '#shared/directory/records.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { RoleOfClaim } from '#shared/settings/issuer-kinds.ts'
import type { Pending } from './pending.ts'
import { hashOf, isSameHash, type RandomBytes } from './secrets.ts'

export interface OidcSignIns {
  /** Where the browser goes. Rejects with IssuerDown. */
  begin(request: OidcBegin): Promise<OidcBegun>
  /** Whose the account is that the issuer vouches for. Rejects with IssuerDown. */
  finish(request: OidcFinish): Promise<OidcFinished | OidcRefused>
}

export type OidcBegin = {
  /** Of the console: `https://mail.example.org`. */
  readonly origin: string
  /** The person has to prove himself anew: for a step-up. */
  readonly anew?: boolean
}
export type OidcBegun = { readonly url: string; readonly binding: string }
export type OidcFinish = {
  /** What the browser came back with, as its address has it: `code=…&state=…`. */
  readonly query: string
  readonly binding: string
}
export type OidcFinished = {
  readonly kind: 'account'
  readonly account: AccountRecord
  /** He was asked anew. */
  readonly anew: boolean
}
export type OidcRefused = {
  readonly kind: 'refused'
  readonly reason: /** Nobody began it, or too long ago, or in another browser. */
    | 'not-begun'
    /** The issuer says so; `detail` is its word. */
    | 'issuer'
    /** No account here is the one that it vouches for. */
    | 'no-account'
  readonly detail?: string
}

/** The page of the console that the browser comes back to, below its origin. */
export const OIDC_RETURN_PATH = '/sign-in/oidc'
const QUERY_CHARACTERS_MAX = 8_192
const BINDING_BYTES = 24
const IDENTITIES_MAX = 10
/** Of a proof that was asked for anew. */
const ANEW_SECONDS = 300

export type OidcSignInDeps = {
  readonly issuer: Issuer
  readonly fetch?: Fetch
  readonly clientId: string
  readonly client: () => Promise<ClientCredentials | undefined>
  readonly settings: {
    readonly oidcScopes: readonly string[]
    readonly oidcAccountClaim: string
    readonly oidcRolesClaim: string
    readonly oidcRoles: readonly RoleOfClaim[]
  }
  readonly directory: Pick<Directory, 'accounts' | 'factors' | 'roles'>
  readonly pending: Pending
  readonly random: RandomBytes
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

type Begun = {
  readonly nonce: string
  readonly verifier: string
  readonly redirectUri: string
  readonly bindingHash: string
  readonly anew: boolean
}

const load = () => import('oauth4webapi')

export function createOidcSignIns(deps: OidcSignInDeps): OidcSignIns {
  const { issuer, fetch = globalThis.fetch, clientId, settings, directory, pending, random } = deps
  const { clock, log } = deps
  const { accounts, factors, roles } = directory
  const { oidcAccountClaim: accountClaim } = settings

  async function ask(query: URLSearchParams, state: string, begun: Begun) {
    const oauth = await load()
    const server = { ...(await issuer.metadata()).all, issuer: issuer.url }
    const client = { client_id: clientId }
    const secret = (await deps.client())?.secret
    const proof = secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret)
    const options = {
      [oauth.customFetch]: (url: string, init: object) =>
        fetch(url, { ...init, redirect: 'manual' }),
      // On this machine alone; the setting takes no other (issuer-kinds.ts).
      [oauth.allowInsecureRequests]: issuer.url.startsWith('http:'),
      signal: () => AbortSignal.timeout(10_000),
    }
    const parameters = oauth.validateAuthResponse(server, client, query, state)
    const { redirectUri, verifier, nonce, anew } = begun
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      proof,
      parameters,
      redirectUri,
      verifier,
      options,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
      ...(anew && { maxAge: ANEW_SECONDS }),
    })
    const claims = oauth.getValidatedIdTokenClaims(tokens)
    if (claims === undefined) throw new Error('no claims')
    const { userinfoEndpoint } = await issuer.metadata()
    if (claims[accountClaim] !== undefined || userinfoEndpoint === undefined) return claims
    const said = await oauth.userInfoRequest(server, client, tokens.access_token, options)
    return { ...(await oauth.processUserInfoResponse(server, client, claims.sub, said)), ...claims }
  }

  /** So that another address of the same person, or his address of another person, changes nothing. */
  async function link(account: AccountRecord, claims: Claims): Promise<void> {
    const subject = subjectOf(claims)
    if (subject === undefined) return
    const added = { issuer: issuer.url, subject, sinceMs: clock.now() }
    await factors.change(account.id, (now) => {
      if (now.identities.length >= IDENTITIES_MAX) return { result: undefined }
      return { next: { ...now, identities: [...now.identities, added] }, result: undefined }
    })
  }

  async function giveRole(account: AccountRecord, claims: Claims): Promise<AccountRecord> {
    if (settings.oidcRolesClaim === '') return account
    const wanted = roleOf(claims, settings)
    if (JSON.stringify(wanted) === JSON.stringify(account.role)) return account
    const set = await roles.set(account.id, wanted)
    const fields = { accountId: account.id, role: wanted?.name ?? 'holder' }
    if (set.kind === 'ok') log.info(fields, 'role as the issuer says')
    else log.warn({ ...fields, reason: set.kind }, 'role not as the issuer says')
    return (await accounts.byId(account.id)) ?? account
  }

  return {
    async begin({ origin, anew = false }) {
      const oauth = await load()
      const { all } = await issuer.metadata()
      const url = URL.parse(String(all.authorization_endpoint))
      if (url === null) throw new IssuerDown(`the issuer ${issuer.url} has no page to sign in`)
      const state = oauth.generateRandomState()
      const nonce = oauth.generateRandomNonce()
      const verifier = oauth.generateRandomCodeVerifier()
      const binding = Buffer.from(random(BINDING_BYTES)).toString('base64url')
      const redirectUri = `${origin}${OIDC_RETURN_PATH}`
      const begun: Begun = { nonce, verifier, redirectUri, bindingHash: hashOf(binding), anew }
      await pending.put(`oidc ${state}`, JSON.stringify(begun))
      const parameters = {
        client_id: clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: settings.oidcScopes.join(' '),
        state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(anew && { prompt: 'login', max_age: '0' }),
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return { url: url.href, binding }
    },

    async finish({ query: text, binding }) {
      const query = new URLSearchParams(text.slice(0, QUERY_CHARACTERS_MAX))
      const state = query.get('state') ?? ''
      const stored = state === '' ? undefined : await pending.take(`oidc ${state}`)
      if (stored === undefined) return { kind: 'refused', reason: 'not-begun' }
      const begun: Begun = JSON.parse(stored)
      if (!isSameHash(hashOf(binding), begun.bindingHash)) {
        return { kind: 'refused', reason: 'not-begun' }
      }
      let claims: Claims
      try {
        claims = await ask(query, state, begun)
      } catch (error) {
        return refusedBy(error, issuer, log)
      }
      const found = await accountOfClaims(claims, {
        accounts,
        factors,
        issuer: issuer.url,
        accountClaim,
      })
      if (found === undefined) {
        log.info(
          { issuer: issuer.url, subject: subjectOf(claims) },
          'nobody here has this identity',
        )
        return { kind: 'refused', reason: 'no-account' }
      }
      if (!found.isLinked) await link(found.account, claims)
      const account = await giveRole(found.account, claims)
      return { kind: 'account', account, anew: begun.anew }
    },
  }
}

/** What the issuer refuses is for the person to know; what it says that cannot be so, and that it says nothing, is not his fault. */
function refusedBy(error: unknown, { url }: Issuer, log: Log): OidcRefused {
  if (error instanceof IssuerDown) throw error
  const { code, error: word, name } = Object(error)
  log.info({ issuer: url, error }, 'sign-in at the issuer failed')
  const isSilent = name === 'TypeError' || name === 'TimeoutError' || name === 'AbortError'
  if (isSilent) throw new IssuerDown(`the issuer ${url} does not answer`, { cause: error })
  const detail = wordOf(word ?? code)
  return { kind: 'refused', reason: 'issuer', ...(detail !== undefined && { detail }) }
}

/** A code of RFC 6749 or of the library; nothing longer comes from there. */
const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9_]{1,100}$/.test(value) ? value : undefined

/** The first entry that fits. */
export function roleOf(
  claims: Claims,
  { oidcRolesClaim, oidcRoles }: Pick<OidcSignInDeps['settings'], 'oidcRolesClaim' | 'oidcRoles'>,
): GivenRights | null {
  const value = claims[oidcRolesClaim]
  const groups: readonly unknown[] = Array.isArray(value) ? value : String(value ?? '').split(' ')
  const entry = oidcRoles.find(({ claim }) => groups.includes(claim))
  if (entry === undefined) return null
  const domains = entry.domains.flatMap((text) => parseDomain(text) ?? [])
  return { name: entry.role, domains }
}
