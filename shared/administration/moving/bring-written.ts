// What an export of a whole service wrote beside what the lists and the mail hold, brought into another one: limits of domains, forwards and
// names of accounts, rights in folders, settings, and what is secret. What is so already is left alone, so that it can be done again.

import { isDeepStrictEqual } from 'node:util'
import type { Administration } from '../administration.ts'
import type { Refusal } from '../refusals.ts'
import { recordOf } from './written-secrets.ts'

/** Lines of files, as they are. */
type Rows = AsyncIterable<unknown>

export type WrittenService = {
  readonly domains: Rows
  readonly accounts: Rows
  readonly grants: Rows
  readonly settings: { readonly [path: string]: unknown }
  readonly appPasswords: Rows
  readonly signingKeys: AsyncIterable<WrittenKey>
  /** The one that signs first. */
  readonly srsSecrets: readonly string[]
}

type WrittenKey = { readonly domain: string; readonly selector: string; readonly pem: string }

export const broughtKinds = [
  'domain',
  'account',
  'grant',
  'setting',
  'app-password',
  'signing-key',
  'srs-secret',
] as const
export type Brought = (typeof broughtKinds)[number]

export type BroughtOutcome = { readonly what: Brought; readonly name: string } & (
  | { readonly kind: 'added' | 'unchanged' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** It is not as an export writes it. */
  | { readonly kind: 'no-row' }
)

type Ended = 'added' | 'unchanged' | 'no-row' | Refusal

export type BringAdministration = Pick<
  Administration,
  'domains' | 'accounts' | 'grants' | 'settings' | 'appPasswords' | 'signing' | 'srs'
>

export async function* bringWritten(
  administration: BringAdministration,
  service: WrittenService,
): AsyncGenerator<BroughtOutcome> {
  const { appPasswords, settings, signing, srs } = administration
  for await (const row of service.domains) {
    yield outcome('domain', nameIn(row, 'domain'), await bringLimits(administration, row))
  }
  for await (const row of service.accounts) {
    yield outcome('account', nameIn(row, 'address'), await bringAccount(administration, row))
  }
  for await (const row of service.grants) {
    yield outcome('grant', nameIn(row, 'address'), await bringGrant(administration, row))
  }
  for (const [path, value] of Object.entries(service.settings)) {
    yield outcome('setting', path, await bringSetting(settings, path, value))
  }
  for await (const row of service.appPasswords) {
    const brought = await appPasswords.bring(row)
    const name = nameIn(row, 'address')
    if (brought.kind === 'no-row') yield outcome('app-password', name, 'no-row')
    else {
      const ended = brought.kind === 'brought' ? said(brought.count > 0) : brought
      yield outcome('app-password', name, ended)
    }
  }
  for await (const key of service.signingKeys) {
    const name = `${key.selector}._domainkey.${key.domain}`
    yield outcome('signing-key', name, await bringKey(signing, key))
  }
  if (service.srsSecrets.length > 0) {
    const brought = await srs.bring(service.srsSecrets)
    yield outcome(
      'srs-secret',
      'secrets',
      brought.kind === 'brought' ? said(brought.count > 0) : brought,
    )
  }
}

function outcome(what: Brought, name: string, ended: Ended): BroughtOutcome {
  return typeof ended === 'string'
    ? { what, name, kind: ended }
    : { what, name, kind: 'refused', refusal: ended }
}

const said = (isNew: boolean) => (isNew ? 'added' : 'unchanged')

function nameIn(row: unknown, field: string): string {
  const name: unknown = Object(row)[field]
  return typeof name === 'string' ? name : '?'
}

const isCount = (value: unknown): value is number | null =>
  value === null || (Number.isInteger(value) && Number(value) >= 0)

async function bringLimits({ domains }: BringAdministration, row: unknown): Promise<Ended> {
  const { domain, accountsMax, aliasesMax, quotaBytesMax } = Object(row)
  const isRow =
    typeof domain === 'string' && [accountsMax, aliasesMax, quotaBytesMax].every(isCount)
  if (!isRow) return 'no-row'
  const shown = await domains.show(domain)
  if (shown.kind !== 'domain') return shown
  const wanted = { accounts: accountsMax, aliases: aliasesMax, quotaBytes: quotaBytesMax }
  if (isDeepStrictEqual({ ...shown.domain.limits }, wanted)) return 'unchanged'
  const limited = await domains.limit({
    domain,
    accounts: accountsMax === null ? 'none' : String(accountsMax),
    aliases: aliasesMax === null ? 'none' : String(aliasesMax),
    quota: quotaBytesMax === null ? 'none' : `${quotaBytesMax}B`,
  })
  return limited.kind === 'limited' ? 'added' : limited
}

async function bringAccount({ accounts }: BringAdministration, row: unknown): Promise<Ended> {
  const { address, displayName, shared, forward, forwardKeeps, frozen } = Object(row)
  const isRow =
    typeof address === 'string' &&
    typeof displayName === 'string' &&
    typeof shared === 'boolean' &&
    Array.isArray(forward) &&
    forward.every((one) => typeof one === 'string') &&
    (frozen === null || typeof frozen === 'string')
  if (!isRow) return 'no-row'
  const shown = await accounts.show(address)
  if (shown.kind !== 'account') return shown
  const { account } = shown
  const wanted = {
    displayName,
    shared,
    forward: forward.length === 0 ? null : { to: forward, keep: forwardKeeps === true },
  }
  const before = {
    displayName: account.displayName,
    shared: account.shared,
    forward: account.forward && { to: [...account.forward.to], keep: account.forward.keep },
  }
  const isSame = isDeepStrictEqual(before, wanted)
  if (!isSame) {
    const set = await accounts.set({ address, ...wanted })
    if (set.kind !== 'set') return set
  }
  const isFrozenNow = frozen !== null && account.frozen === null
  if (isFrozenNow) {
    const done = await accounts.freeze({ address, reason: frozen })
    if (done.kind !== 'frozen') return done
  }
  return said(!isSame || isFrozenNow)
}

async function bringGrant({ grants }: BringAdministration, row: unknown): Promise<Ended> {
  const { address, folder, grantee, rights } = Object(row)
  const texts = [address, folder, grantee, rights]
  if (!texts.every((one) => typeof one === 'string')) return 'no-row'
  const listed = await grants.list({ address, folder })
  if (listed.kind !== 'grants') return listed
  const isThere = listed.grants.some((one) => one.grantee === grantee && one.rights === rights)
  if (isThere) return 'unchanged'
  const set = await grants.set({ address, folder, grantee, rights })
  return set.kind === 'set' ? 'added' : set
}

async function bringKey(signing: BringAdministration['signing'], key: WrittenKey): Promise<Ended> {
  const brought = await signing.import(key)
  if (brought.kind === 'keys') return 'added'
  if (brought.kind !== 'exists') return brought
  const listed = await signing.list(key.domain)
  if (listed.kind !== 'keys') return listed
  const there = listed.keys.find(({ selector }) => selector === key.selector)
  return there?.record === recordOf(key.pem) ? 'unchanged' : brought
}

async function bringSetting(
  settings: BringAdministration['settings'],
  path: string,
  value: unknown,
): Promise<Ended> {
  if (typeof value !== 'string') return 'no-row'
  const shown = await settings.show(path)
  if (shown.kind !== 'setting') return shown
  if (shown.setting.value === value) return 'unchanged'
  const changed = await settings.change({ changes: { [path]: value } })
  return changed.kind === 'changed' ? 'added' : changed
}
