// An issuer of OpenID Connect over HTTP on this machine: the npm package oidc-provider, whose people sign in without being asked. Its
// access tokens are words that only it knows, or signed where a resource is asked for.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { basic } from '#shared/auth/issuer/token-claims.ts'

export type Person = { readonly sub: string } & { readonly [claim: string]: unknown }

export type RunningProvider = AsyncDisposable & {
  readonly issuer: string
  /** Who signs in from now on. */
  person: Person
  /** What the issuer gives a mail program for the person: a word that only it knows. */
  accessToken(): Promise<string>
  /** Follows where it leads from the first page; the address that it leads back to, which is not asked for. */
  signIn(url: string): Promise<URL>
}

export const client = { id: 'postwolke', secret: 'a secret of the issuer & us' }
/** It proves by the challenge alone that it is who began (RFC 7636). */
export const publicClient = { id: 'postwolke-without-secret' }
export const redirectUri = 'https://mx.example.test/sign-in/oidc'

export async function startOidcProvider(
  first: Person,
  redirectUris: readonly string[] = [redirectUri],
): Promise<RunningProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const people = new Map<string, Person>()
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: redirectUris,
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
      {
        client_id: publicClient.id,
        token_endpoint_auth_method: 'none',
        redirect_uris: redirectUris,
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    conformIdTokenClaims: true,
    ttl: {
      AccessToken: 3_600,
      AuthorizationCode: 60,
      Grant: 3_600,
      IdToken: 3_600,
      Interaction: 60,
      Session: 60,
    },
    cookies: { keys: ['a key of a test'] },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
    },
    interactions: { url: () => '/sign-in' },
    findAccount: (_: unknown, sub: string) => ({
      accountId: sub,
      claims: () => people.get(sub) ?? { sub },
    }),
    async loadExistingGrant(context: GrantContext) {
      const { client, session } = context.oidc
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const callback = provider.callback()
  const running: RunningProvider = {
    issuer,
    person: first,
    async accessToken() {
      const verifier = randomBytes(32).toString('base64url')
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const asked = new URLSearchParams({
        client_id: client.id,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid email',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      })
      const back = await running.signIn(`${issuer}/auth?${asked}`)
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: basic(client) },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: back.searchParams.get('code') ?? '',
          redirect_uri: redirectUri,
          code_verifier: verifier,
        }),
      })
      const { access_token } = Object(await response.json())
      return String(access_token)
    },
    async signIn(address) {
      const cookies = new Map<string, string>()
      let url = new URL(address)
      for (let step = 0; step < 10; step++) {
        if (url.origin !== issuer) return url
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
        for (const line of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          if (value === '') cookies.delete(name)
          else cookies.set(name, value)
        }
        const location = response.headers.get('location')
        if (location === null) throw new Error(`${response.status} ${await response.text()}`)
        url = new URL(location, url)
      }
      throw new Error('it leads nowhere')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.on('request', (request, response) => {
    if (request.url !== '/sign-in') return void callback(request, response)
    const { sub: accountId } = running.person
    people.set(accountId, running.person)
    void provider.interactionFinished(request, response, { login: { accountId } })
  })
  return running
}

type GrantContext = {
  readonly oidc: {
    readonly client: { readonly clientId: string }
    readonly session: { readonly accountId: string }
  }
}
