// Accounts that move here from an old server while their clients come here already: the source hosts, and where each account is.

import type { AtSource, SourceState } from '#shared/contracts/source.ts'
import type { NewSource, SourceHost, SourceLoginWay } from '#shared/directory/sources.ts'
import {
  endpointExamples,
  parseEndpoint,
  type SourceService,
  sourceServices,
} from '#shared/front/endpoint.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { formatNextHop, parseNextHop } from '#shared/mail/next-hop.ts'
import type { AdministrationDeps } from './deps.ts'
import { type Fields, parseOwnDomain } from './fields.ts'
import { findAccount } from './found-account.ts'
import { noSuchDomain } from './listing.ts'
import {
  type BadValue,
  badValue,
  type Exists,
  type NoSuchAccount,
  type NoSuchDomain,
  type NoSuchSource,
  ok,
  type Parsed,
  type SourceInUse,
} from './refusals.ts'

export interface FrontAdministration {
  /** By name. Passwords of master users are not among the facts. */
  listSources(): Promise<SourcesListed>
  addSource(request: AddSource): Promise<SourceAdded | BadValue | Exists>
  /** No account is there any more. */
  removeSource(name: string): Promise<SourceRemoved | NoSuchSource | SourceInUse>
  show(address: string): Promise<FrontShown | BadValue | NoSuchAccount>
  /** The account is there, or moves from there now; its sessions end. `source` absent: the one that it has. */
  set(request: SetFront): Promise<FrontSet | BadValue | NoSuchAccount | NoSuchSource>
  /** The account is here, and what waits for it goes at once unless `flushes` says no: for whoever ends many, and then `endDomain`. */
  end(request: EndFront): Promise<FrontSet | BadValue | NoSuchAccount>
  showDomain(domain: string): Promise<DomainFrontShown | BadValue | NoSuchDomain>
  /** Who has no account of the domain here is there, and so is first whoever is added. Accounts that there are stay where they are. */
  setDomain(
    request: SetDomainFront,
  ): Promise<DomainFrontSet | BadValue | NoSuchDomain | NoSuchSource>
  /** Nobody is there but accounts that say so. What waits for any of the domain goes at once. */
  endDomain(domain: string): Promise<DomainFrontSet | BadValue | NoSuchDomain>
}

/** Endpoints as shared/front/endpoint.ts reads them. */
export type AddSource = {
  readonly name: string
  /** The host that takes its mail, as a next hop; absent: mail for its accounts waits. */
  readonly smtp?: string | undefined
  readonly names?: string | undefined
  readonly masterUser?: string | undefined
  readonly masterPassword?: string | undefined
  readonly masterSeparator?: string | undefined
} & { readonly [service in SourceService]?: string | undefined }

export type SetFront = {
  readonly address: string
  readonly source?: string | undefined
  readonly state: SourceState
}

export type EndFront = { readonly address: string; readonly flushes?: boolean | undefined }
export type SetDomainFront = { readonly domain: string; readonly source: string }

export type SourceFacts = Pick<
  SourceHost,
  'name' | 'endpoints' | 'smtp' | 'accounts' | 'domains' | 'createdMs'
> & {
  readonly names: SourceLoginWay['names']
  /** Null: each account shows its own password. */
  readonly masterUser: string | null
}

export type SourcesListed = { readonly kind: 'sources'; readonly sources: readonly SourceFacts[] }
export type SourceAdded = { readonly kind: 'added'; readonly name: string }
export type SourceRemoved = { readonly kind: 'removed'; readonly name: string }
/** Null: here. */
export type FrontShown = {
  readonly kind: 'front'
  readonly address: string
  readonly at: AtSource | null
}
export type FrontSet = FrontShown & {
  readonly before: AtSource | null
  /** Mechanisms that are offered and log nobody in at this source, which wants the password itself. */
  readonly unusable: readonly string[]
  /** That waited for it, and go now. */
  readonly flushed: number
}
export type DomainFrontShown = {
  readonly kind: 'domain-front'
  readonly domain: string
  readonly at: AtSource | null
}
export type DomainFrontSet = DomainFrontShown & Pick<FrontSet, 'before' | 'unusable' | 'flushed'>

/** Of the login of a master user, its password and what stands between it and the account. */
const MASTER_CHARACTERS_MAX = 200

export function createFrontAdministration(
  {
    directory,
    operator,
    settings,
    record,
  }: Pick<AdministrationDeps, 'directory' | 'operator' | 'settings' | 'record'>,
  fields: Fields,
): FrontAdministration {
  const { sources } = directory

  async function assign(
    text: string,
    wanted: (at: AtSource | null) => AtSource | null,
    flushes = true,
  ): Promise<FrontSet | BadValue | NoSuchAccount | NoSuchSource> {
    const found = await findAccount(directory, fields, text)
    if (found.kind !== 'found') return found
    const at = wanted(found.account.source ?? null)
    if (at !== null && !isSourceName(at.name)) return noSuchSource(at.name)
    const done = await sources.assign(found.account.address, at)
    if (done.kind === 'no-such-account') return found.gone
    if (done.kind === 'no-such-source') return noSuchSource(at?.name ?? '')
    const { before } = done
    const address = formatAddress(done.account.address)
    record({ what: 'front', name: address, before: changeFacts(before), after: changeFacts(at) })
    // It waits for nothing any more.
    const isFree = at?.state !== 'moving' && before !== null && before.state !== at?.state
    const flushed = isFree && flushes ? await operator.flush({ accountId: done.account.id }) : 0
    return { kind: 'front', address, at, before, unusable: await unusableAt(at), flushed }
  }

  async function findDomain(text: string): Promise<DomainFrontShown | BadValue | NoSuchDomain> {
    const domain = parseOwnDomain(text)
    if (domain.kind !== 'ok') return domain
    const found = await directory.domains.get(domain.value)
    if (found === undefined) return noSuchDomain(text)
    return { kind: 'domain-front', domain: domain.value, at: found.source ?? null }
  }

  async function assignDomain(
    text: string,
    name: string | null,
  ): Promise<DomainFrontSet | BadValue | NoSuchDomain | NoSuchSource> {
    const domain = parseOwnDomain(text)
    if (domain.kind !== 'ok') return domain
    if (name !== null && !isSourceName(name)) return noSuchSource(name)
    const done = await sources.assignDomain(domain.value, name)
    if (done.kind === 'no-such-domain') return noSuchDomain(text)
    if (done.kind === 'no-such-source') return noSuchSource(name ?? '')
    const { before } = done
    const at: AtSource | null = name === null ? null : { name, state: 'at-source' }
    const facts = { before: changeFacts(before), after: changeFacts(at) }
    if (before?.name !== at?.name) record({ what: 'front', name: domain.value, ...facts })
    const flushed = at === null ? await operator.flush({ atSource: domain.value }) : 0
    const unusable = await unusableAt(at)
    return { kind: 'domain-front', domain: domain.value, at, before, unusable, flushed }
  }

  async function unusableAt(at: AtSource | null): Promise<readonly string[]> {
    const host = at === null ? undefined : await sources.get(at.name)
    if (host?.login.kind !== 'own-password') return []
    return settings.authMechanisms.filter((name) => name.startsWith('SCRAM-'))
  }

  return {
    async listSources() {
      return { kind: 'sources', sources: (await sources.list()).map(factsOf) }
    },

    async addSource(request) {
      const host = parseSource(request)
      if (host.kind !== 'ok') return host
      const { name } = host.value
      if (!(await sources.add(host.value))) return { kind: 'exists', field: 'source', value: name }
      record({ what: 'source', name, before: null, after: sourceChange(host.value) })
      return { kind: 'added', name }
    },

    async removeSource(name) {
      const host = isSourceName(name) ? await sources.get(name) : undefined
      const done = host === undefined ? 'no-such-source' : await sources.remove(name)
      if (host === undefined || done === 'no-such-source') return noSuchSource(name)
      if (done === 'in-use') {
        const { accounts, domains } = (await sources.get(name)) ?? host
        return { kind: 'source-in-use', field: 'source', value: name, accounts, domains }
      }
      record({ what: 'source', name, before: sourceChange(host), after: null })
      return { kind: 'removed', name }
    },

    async show(text) {
      const found = await findAccount(directory, fields, text)
      if (found.kind !== 'found') return found
      const { address, source = null } = found.account
      return { kind: 'front', address: formatAddress(address), at: source }
    },

    set: ({ address, source, state }) =>
      assign(address, (at) => ({ name: source ?? at?.name ?? '', state })),

    async end({ address, flushes }) {
      return ended(await assign(address, () => null, flushes))
    },

    showDomain: findDomain,
    setDomain: ({ domain, source }) => assignDomain(domain, source),
    endDomain: async (domain) => ended(await assignDomain(domain, null)),
  }
}

const isSourceName = (text: string) => /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(text)

function ended<T extends { readonly kind: string }>(done: T | NoSuchSource): T {
  // Cannot happen: none was asked for.
  if (isNoSuchSource(done)) throw new Error('no source was named')
  return done
}

const isNoSuchSource = (done: { readonly kind: string }): done is NoSuchSource =>
  done.kind === 'no-such-source'

const noSuchSource = (value: string): NoSuchSource => ({
  kind: 'no-such-source',
  field: 'source',
  value,
})

function factsOf({ login, ...host }: SourceHost): SourceFacts {
  const masterUser = login.kind === 'master' ? login.user : null
  return { ...host, names: login.names, masterUser }
}

const changeFacts = (at: AtSource | null) => ({
  source: at?.name ?? null,
  state: at?.state ?? 'here',
})

function sourceChange({
  endpoints,
  smtp,
  login,
}: Pick<SourceHost, 'endpoints' | 'smtp' | 'login'>) {
  const masterUser = login.kind === 'master' ? login.user : null
  return { ...endpoints, smtp, names: login.names, masterUser }
}

function parseSource(request: AddSource): Parsed<NewSource> {
  const { name } = request
  if (!isSourceName(name)) {
    return badValue('source', name, { name: 'table-name' })
  }
  const endpoints: { [service in SourceService]?: string } = {}
  for (const service of sourceServices) {
    const text = request[service]
    if (text === undefined) continue
    if (parseEndpoint(service, text) === undefined) {
      return badValue(service, text, { name: 'endpoint', example: endpointExamples[service] })
    }
    endpoints[service] = text
  }
  if (Object.keys(endpoints).length === 0) {
    return badValue('imap', '', { name: 'endpoint', example: endpointExamples.imap })
  }
  const hop = request.smtp === undefined ? undefined : parseNextHop(request.smtp)
  if (request.smtp !== undefined && hop === undefined) {
    return badValue('smtp', request.smtp, { name: 'endpoint', example: '[old.example.com]:25' })
  }
  const login = parseLogin(request)
  if (login.kind !== 'ok') return login
  const smtp = hop === undefined ? null : formatNextHop(hop)
  return ok({ name, endpoints, smtp, login: login.value })
}

const allNames = ['address', 'local-part'] as const

function parseLogin(request: AddSource): Parsed<SourceLoginWay> {
  const { masterUser: user, masterPassword: password, masterSeparator: separator = '*' } = request
  const text = request.names ?? 'address'
  const names = allNames.find((one) => one === text)
  if (names === undefined) return badValue('names', text, { name: 'one-of', allowed: allNames })
  if (user === undefined && password === undefined) return ok({ kind: 'own-password', names })
  const charactersMax = MASTER_CHARACTERS_MAX
  const rule = { name: 'one-line', charactersMax } as const
  if (!isWord(user)) return badValue('masterUser', user ?? '', rule)
  if (!isWord(separator)) return badValue('masterUser', separator, rule)
  // What was given is nobody's to see.
  if (!isWord(password)) return badValue('masterPassword', '', rule)
  return ok({ kind: 'master', names, user, separator, password })
}

function isWord(text: string | undefined): text is string {
  return (
    text !== undefined &&
    text !== '' &&
    text.length <= MASTER_CHARACTERS_MAX &&
    !/[\x00-\x1f\x7f]/.test(text)
  )
}
