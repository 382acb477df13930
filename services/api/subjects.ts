// What an operation is about, found before it runs. Whoever may not see it gets what he would get if it were not there, so each finder
// says what that is.

import { accountSubject } from '#shared/administration/account-subject.ts'
import { ownerOfAlias } from '#shared/administration/alias-owner.ts'
import { parseOwnDomain } from '#shared/administration/fields.ts'
import { badValue, ok, type Parsed, type Refusal } from '#shared/administration/refusals.ts'
import type { Actor, Subject } from '#shared/administration/rights/actor.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { parseJobId } from '#shared/jobs/job.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { ApiDeps } from './deps.ts'

export type Found = {
  /** Undefined: it is not there. */
  readonly subject: Subject | undefined
  /** What is said where it is not there or out of sight. */
  readonly missing: Refusal
  /** What the record calls it, where its path may call it otherwise: `accounts/ann@example.org`. */
  readonly object?: string
}

export type FindSubject = (deps: ApiDeps, actor: Actor) => Promise<Found>

const never: Refusal = badValue('changes', '', { name: 'some-change' })

/** Of the whole system. */
export const ofSystem: FindSubject = async () => ({
  subject: { kind: 'system' },
  missing: never,
})

/** A list, which puts `call.extent` into its query. */
export const ofList: FindSubject = async () => ({
  subject: { kind: 'list' },
  missing: never,
})

export const ofDomain =
  (text: string): FindSubject =>
  async ({ directory }) => {
    const missing = { kind: 'no-such-domain', field: 'domain', value: text, domain: text } as const
    const domain = parseOwnDomain(text)
    if (domain.kind !== 'ok') return { subject: undefined, missing: domain }
    if ((await directory.domains.get(domain.value)) === undefined) {
      return { subject: undefined, missing }
    }
    return { subject: { kind: 'domain', domain: domain.value }, missing }
  }

/** By address or id. */
export const ofAccount =
  (text: string) =>
  async (deps: Pick<ApiDeps, 'directory'>): Promise<Found> => {
    const missing = { kind: 'no-such-account', field: 'address', value: text } as const
    const account = await findAccount(text, deps)
    if (account === undefined) return { subject: undefined, missing }
    const object = `accounts/${formatAddress(account.address)}`
    return { subject: accountSubject(account), missing, object }
  }

/** The account of who asks. Whoever has none (the machine's user) has nothing of his own. */
export const ofOwnAccount: FindSubject = async (deps, { accountId, name }) => {
  const missing = { kind: 'no-such-account', field: 'address', value: name } as const
  return accountId === null ? { subject: undefined, missing } : await ofAccount(accountId)(deps)
}

/** The account that a token is of. */
export const ofToken =
  (text: string): FindSubject =>
  async (deps) => {
    const missing = { kind: 'no-such-token', field: 'token', value: text } as const
    const token = await deps.tokens.get(text)
    if (token === undefined) return { subject: undefined, missing }
    const { subject } = await ofAccount(token.accountId)(deps)
    return { subject, missing, object: `tokens/${token.id}` }
  }

/** The domain of an address that need not be there: of a new account, of an alias. `@example.org` is the catch-all of its domain. */
export const ofDomainOfAddress =
  (text: string, field: 'address' | 'alias' = 'address'): FindSubject =>
  async ({ directory }) => {
    const domain = domainOfText(text, field)
    if (domain.kind !== 'ok') return { subject: undefined, missing: domain }
    const written = text.slice(text.lastIndexOf('@') + 1)
    const missing = { kind: 'no-such-domain', field, value: text, domain: written } as const
    const found = await directory.domains.get(domain.value)
    return { subject: found && { kind: 'domain', domain: domain.value }, missing }
  }

/**
 * An alias that is there or to be: of its domain, or of the account with a role whose mail it takes. Others have no more rights than
 * whoever may change the aliases of the domain.
 */
export const ofAlias =
  (text: string): FindSubject =>
  async (deps, actor) => {
    const found = await ofDomainOfAddress(text, 'alias')(deps, actor)
    const address = found.subject && parseAddress(text)
    const owner = address && (await ownerOfAlias(deps.directory, address))
    return owner?.role ? { ...found, subject: accountSubject(owner) } : found
  }

/** Whoever began it, and who sees his account. */
export const ofJob =
  (text: string): FindSubject =>
  async (deps) => {
    const missing = { kind: 'no-such-job', field: 'job', value: text } as const
    const id = parseJobId(text)
    const job = id && (await deps.jobs.get(id))
    if (job === undefined) return { subject: undefined, missing }
    const { accountId } = job.owner
    const owner = accountId === null ? undefined : await ofAccount(accountId)(deps)
    // Of the command line, or of an account that is gone: of the whole system.
    return { subject: owner?.subject ?? { kind: 'system' }, missing }
  }

/** Parsed as administration parses it (fields.ts), or who may what would be asked of another domain than the one that changes. */
function domainOfText(text: string, field: 'address' | 'alias'): Parsed<Domain> {
  if (field === 'alias' && text.startsWith('@')) return parseOwnDomain(text.slice(1))
  const address = parseAddress(text)
  if (address !== undefined) return ok(address.domain)
  return badValue(field, text, { name: 'mail-address', lacksDomain: !text.includes('@') })
}

/** As a path names one: an id is opaque and has no @, an address has one. */
export async function findAccount(
  text: string,
  { directory: { accounts } }: Pick<ApiDeps, 'directory'>,
): Promise<AccountRecord | undefined> {
  if (text.includes('@')) {
    const address = parseAddress(text)
    return address && (await accounts.get(address))
  }
  const id = parseAccountId(text)
  return id && (await accounts.byId(id))
}
