import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createIssuer, IssuerDown } from '#shared/auth/issuer/issuer.ts'
import { createTokenClaims } from '#shared/auth/issuer/token-claims.ts'
import { createDirectory, type Directory } from '#shared/directory/directory.ts'
import { createOidcSignIns, roleOf } from '#shared/identity/oidc-sign-in.ts'
import { createPending } from '#shared/identity/pending.ts'
import { systemRandom } from '#shared/identity/secrets.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { systemClock as clock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { roleOfClaims } from '#shared/settings/issuer-kinds.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { client, type RunningProvider, startOidcProvider } from '#test/support/oidc-provider.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const ann = { sub: 'sub-of-ann', email: 'ann@example.test', email_verified: true }
const origin = 'https://mx.example.test'

let provider: RunningProvider
let opened: OpenedEmbedded
let directory: Directory

beforeAll(async () => {
  opened = await openEmbedded()
  provider = await startOidcProvider(ann)
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems))
  directory = createDirectory({
    table: opened.store.tables.directory,
    clock,
    settings: loaded.settings,
  })
  const domain = parseDomain('example.test')
  if (domain === undefined) throw new Error('no domain')
  await directory.domains.add(domain)
  for (const local of ['ann', 'bob', 'eve']) {
    await directory.accounts.add({ address: addressOf(local), passwordHash: 'x' })
  }
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await opened.close()
})
beforeEach(() => void (provider.person = ann))

function addressOf(local: string) {
  const address = parseAddress(`${local}@example.test`)
  if (address === undefined) throw new Error(local)
  return address
}

function open({ rolesClaim = '', roles = '', accountClaim = 'email' } = {}) {
  const issuer = createIssuer({ url: provider.issuer, clock })
  const signIns = createOidcSignIns({
    issuer,
    clientId: client.id,
    client: async () => client,
    settings: {
      oidcScopes: ['openid', 'email', 'profile'],
      oidcAccountClaim: accountClaim,
      oidcRolesClaim: rolesClaim,
      oidcRoles: roleOfClaims.parse(roles) ?? [],
    },
    directory,
    pending: createPending(opened.store.tables.counters, clock),
    random: systemRandom,
    clock,
    log: silentLog,
  })
  return {
    issuer,
    signIns,
    async signIn({ anew = false } = {}) {
      const { url, binding } = await signIns.begin({ origin, anew })
      const back = await provider.signIn(url)
      const query = back.search.slice(1)
      const result = await signIns.finish({ query, binding })
      return { query, binding, result }
    },
  }
}

const whose = ({
  result,
}: {
  result: Awaited<ReturnType<ReturnType<typeof open>['signIns']['finish']>>
}) => (result.kind === 'account' ? formatAddress(result.account.address) : result)

describe('signing in with an issuer', () => {
  it('leads to the account of the verified address, and then to that of the subject', async () => {
    const world = open()
    expect(whose(await world.signIn())).toBe('ann@example.test')
    provider.person = { ...ann, email: 'bob@example.test' }
    expect(whose(await world.signIn())).toBe('ann@example.test')
  })

  it.each([
    ['is not verified', { sub: 's2', email: 'bob@example.test', email_verified: false }],
    ['is nobody here', { sub: 's3', email: 'x@example.test', email_verified: true }],
    ['is none', { sub: 's4', email: 'no address', email_verified: true }],
    ['is missing', { sub: 's5' }],
  ])('leads nowhere where the address %s', async (_, person) => {
    provider.person = person
    expect(whose(await open().signIn())).toEqual({ kind: 'refused', reason: 'no-account' })
  })

  it('counts once, and in the browser alone that began it', async () => {
    const { signIns } = open()
    const { url, binding } = await signIns.begin({ origin })
    const back = await provider.signIn(url)
    const query = back.search.slice(1)
    const notBegun = { kind: 'refused', reason: 'not-begun' }
    expect(await signIns.finish({ query, binding: 'of another' })).toEqual(notBegun)
    expect(await signIns.finish({ query, binding })).toEqual(notBegun)
    const again = await open().signIn()
    expect(await signIns.finish(again)).toEqual(notBegun)
    expect(await signIns.finish({ query: 'state=made-up&code=x', binding })).toEqual(notBegun)
  })

  it('is refused with what the issuer says, and with a code that it did not give', async () => {
    const { signIns } = open()
    const first = await signIns.begin({ origin })
    const state = new URL(first.url).searchParams.get('state')
    const denied = `error=access_denied&error_description=<b>x&state=${state}&iss=${provider.issuer}`
    expect(await signIns.finish({ query: denied, binding: first.binding })).toEqual({
      kind: 'refused',
      reason: 'issuer',
      detail: 'access_denied',
    })
    const second = await signIns.begin({ origin })
    const other = new URL(second.url).searchParams.get('state')
    const query = `code=made-up&state=${other}&iss=${encodeURIComponent(provider.issuer)}`
    expect(await signIns.finish({ query, binding: second.binding })).toMatchObject({
      kind: 'refused',
      reason: 'issuer',
      detail: 'invalid_grant',
    })
  })

  it('asks anew for a step-up, and says so', async () => {
    const { signIns, signIn } = open()
    const { url } = await signIns.begin({ origin, anew: true })
    expect(new URL(url).searchParams.get('prompt')).toBe('login')
    expect((await signIn({ anew: true })).result).toMatchObject({ kind: 'account', anew: true })
  })

  it('gives the role that the issuer says, and takes it away', async () => {
    const world = open({ rolesClaim: 'groups', roles: 'admins=owner help=help-desk:example.test' })
    const role = async (groups: readonly string[]) => {
      provider.person = { sub: 's-bob', email: 'bob@example.test', email_verified: true, groups }
      const { result } = await world.signIn()
      return result.kind === 'account' ? result.account.role : result
    }
    expect(await role(['others', 'help'])).toEqual({ name: 'help-desk', domains: ['example.test'] })
    expect(await role([])).toBeNull()
    expect(await role(['admins', 'help'])).toMatchObject({ name: 'owner' })
    // The last owner stays: somebody has to mend what the issuer says.
    expect(await role([])).toMatchObject({ name: 'owner' })
  })

  it('says clearly that the issuer is down', async () => {
    const issuer = createIssuer({ url: 'http://127.0.0.1:1', clock })
    const { signIns } = open()
    expect(signIns).toBeDefined()
    await expect(issuer.metadata()).rejects.toBeInstanceOf(IssuerDown)
  })
})

describe('the first role that fits', () => {
  const oidcRoles = roleOfClaims.parse('a=auditor b=domain-admin:x.test:y.test') ?? []
  it.each([
    [['b', 'a'], { name: 'auditor', domains: [] }],
    ['b c', { name: 'domain-admin', domains: ['x.test', 'y.test'] }],
    [undefined, null],
    [{ a: true }, null],
    [[['a']], null],
  ])('of %j', (groups, expected) => {
    expect(roleOf({ groups }, { oidcRolesClaim: 'groups', oidcRoles })).toEqual(expected)
  })
})

it('knows a token of the issuer that is no JWT by asking it', async () => {
  const { issuer } = open()
  const claimsOf = createTokenClaims({
    issuer,
    onlyAccessTokens: true,
    audiences: [client.id],
    client: async () => client,
    accountClaim: 'email',
    clock,
  })
  // Who it is, is not in the answer: it is asked for besides.
  expect(await claimsOf(await provider.accessToken())).toMatchObject({
    claims: { sub: ann.sub, email: ann.email, email_verified: true },
  })
  expect(await claimsOf('a-word-that-it-never-said')).toEqual({ kind: 'invalid', fault: 'expired' })
})
