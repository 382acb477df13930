// Accounts of an import: the lines of Dovecot's passwd-file (address:hash, and what follows it), or CSV with a heading.

import { checkHash, storedPassword } from '#shared/auth/passwords.ts'
import type { AccountAdded, AccountChanged } from '#shared/directory/accounts.ts'
import type { StoredPassword } from '#shared/directory/records.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { AdministrationDeps } from '../deps.ts'
import { type Fields, parseQuota } from '../fields.ts'
import { overDomainLimit } from '../over-limit.ts'
import { badValue, ok, type Parsed, type Refusal } from '../refusals.ts'
import { badHash, badPassword, isNewPassword, type Secret } from '../secrets.ts'
import { accountColumns } from './columns.ts'
import type { Cells, Row } from './lines.ts'
import type { Named, PlanOptions, RowKind } from './plan.ts'

type Column = (typeof accountColumns)[number]

type WantedAccount = Named & {
  readonly address: Address
  readonly secret: Secret
  /** Undefined: the row does not say. */
  readonly quotaBytes: number | null | undefined
  readonly enabled: boolean | undefined
}

/** Passwords hashed at once: each takes a processor. */
const HASHES_AT_ONCE = 4
const FOLDERS_AT_ONCE = 16

export function accountRows(
  { directory, mailbox }: Pick<AdministrationDeps, 'directory' | 'mailbox'>,
  fields: Fields,
  { madeBy, refusalOf }: Pick<PlanOptions, 'madeBy' | 'refusalOf'> = {},
): RowKind<WantedAccount> {
  const { accounts } = directory
  return {
    many: 'accounts',
    field: 'address',
    columns: accountColumns,
    parse: (row) => parseAccount(row, fields),
    domainOf: ({ address }) => address.domain,
    async standing({ address, quotaBytes, enabled, secret }) {
      const found = await accounts.get(address)
      if (found === undefined) return 'missing'
      // Whoever logged in has a better hash by now: a hash is compared with nothing but itself, a password not at all.
      const isSame =
        (quotaBytes === undefined || quotaBytes === found.quotaBytes) &&
        (enabled === undefined || enabled === found.enabled)
      if (!isSame) return 'differs'
      return secret.kind === 'hash' && secret.hash === found.passwordHash ? 'same' : 'kept'
    },
    async add(some) {
      const stored = await concurrently(some, HASHES_AT_ONCE, store)
      const added = await accounts.addAll(
        some.map(({ address, quotaBytes = null, enabled = true }, i) => ({
          address,
          quotaBytes,
          enabled,
          ...(madeBy !== undefined && { madeBy }),
          ...(stored[i] ?? { passwordHash: '*' }),
        })),
      )
      await concurrently(added, FOLDERS_AT_ONCE, async (one) => {
        if (one.kind === 'ok') await mailbox.folders.list(one.account.id)
      })
      return added.map((one, i) => (one.kind === 'ok' ? undefined : refusal(one, some[i])))
    },
    async update(wanted) {
      const { address, quotaBytes, enabled } = wanted
      const standing = refusalOf && (await accounts.get(address))
      const refused = standing && refusalOf?.(standing)
      if (refused !== undefined) return refused
      const changed = await accounts.set(address, {
        ...(await store(wanted)),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
        ...(enabled === undefined ? {} : { enabled }),
      })
      return changed.kind === 'ok' ? undefined : refusal(changed, wanted)
    },
  }
}

function parseAccount(row: Row, fields: Fields): Parsed<WantedAccount> {
  const cells = row.kind === 'line' ? passwdCells(row.text) : ok(row.fields)
  if (cells.kind !== 'ok') return cells
  const cell = (column: Column) => cells.value[column] ?? ''
  const parsed = fields.ownAddress(cell('address'))
  if (parsed.kind !== 'ok') return parsed
  const address = { local: lookupKey(parsed.value.local), domain: parsed.value.domain }
  const secret = parseSecret(cell('password_hash'), cell('password'))
  if (secret.kind !== 'ok') return secret
  const quota = cell('quota') === '' ? ok(undefined) : parseQuota(cell('quota'))
  if (quota.kind !== 'ok') return quota
  const enabled = parseEnabled(cell('enabled'))
  if (enabled.kind !== 'ok') return enabled
  return ok({
    key: formatAddress(address),
    address,
    secret: secret.value,
    quotaBytes: quota.value,
    enabled: enabled.value,
  })
}

/** `user:password:uid:gid:gecos:home:shell:extra`: of what follows the password only the quota is ours. */
function passwdCells(text: string): Parsed<Cells> {
  const [address = '', hash = '', ...rest] = text.trim().split(':')
  if (rest.length === 0 && hash === '') return badValue('row', '', { name: 'passwd-line' })
  const extra = rest.slice(5).join(':')
  return ok({ address, password_hash: hash, quota: quotaRule(extra) })
}

/** `userdb_quota_rule=*:storage=1G`: KiB without a unit. `userdb_quota_storage_size` is its name from Dovecot 2.4 on. */
function quotaRule(extra: string): string | undefined {
  const rule =
    /(?:^|\s)(?:userdb_)?quota_(?:rule=\*:storage|storage_size)=(\d{1,15})([bkmgt]?)/i.exec(extra)
  const [, digits, unit] = rule ?? []
  if (digits === undefined) return undefined
  return `${digits}${unit?.toUpperCase() || 'K'}`
}

function parseSecret(hash: string, password: string): Parsed<Secret> {
  if (hash !== '' && password !== '') return badValue('password', '', { name: 'not-both' })
  if (hash !== '') {
    const problem = checkHash(hash)
    return problem === undefined ? ok({ kind: 'hash', hash }) : badHash(problem)
  }
  if (password === '') return badValue('password', '', { name: 'password-or-hash' })
  const bytes = Buffer.from(password)
  return isNewPassword(bytes) ? ok({ kind: 'password', password: bytes }) : badPassword
}

const switches = new Map([
  ['', undefined],
  ...['yes', 'true', '1', 'y'].map((word) => [word, true] as const),
  ...['no', 'false', '0', 'n'].map((word) => [word, false] as const),
])

function parseEnabled(text: string): Parsed<boolean | undefined> {
  const word = text.toLowerCase()
  if (switches.has(word)) return ok(switches.get(word))
  return badValue('enabled', text, { name: 'one-of', allowed: ['yes', 'no'] })
}

async function store({ secret }: WantedAccount): Promise<StoredPassword> {
  if (secret.kind === 'hash') return { passwordHash: secret.hash, scramVerifier: null }
  return await storedPassword(secret.password)
}

/** What changed since all was checked. */
function refusal(
  why: Exclude<AccountAdded | AccountChanged, { readonly kind: 'ok' }>,
  wanted: WantedAccount | undefined,
): Refusal {
  const value = wanted?.key ?? ''
  if (why.kind === 'over-limit') {
    return overDomainLimit(why, { domain: wanted?.address.domain ?? '', value })
  }
  const { kind } = why
  return kind === 'no-such-domain'
    ? { kind, field: 'address', value, domain: wanted?.address.domain ?? '' }
    : { kind, field: 'address', value }
}
