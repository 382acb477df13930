// `postwolke account import`: the lines of Dovecot's passwd-file (address:hash, and what follows it), or CSV with a heading.

import type { Command } from 'commander'
import type { Context } from '#services/cli/context.ts'
import type { Define } from '#services/cli/define.ts'
import { CommandFailure } from '#services/cli/failure.ts'
import { addressArgument, quotaArgument } from '#shared/administration/fields.ts'
import {
  type Fields,
  LineProblems,
  type Record,
  readLines,
  recordsOf,
} from '#shared/administration/imports/lines.ts'
import {
  findDomains,
  type Import,
  type ImportOptions,
  runImport,
  type Wanted,
} from '#shared/administration/imports/plan.ts'
import type { StoredPassword } from '#shared/directory/records.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { isPassword } from '#shared/sasl/password.ts'

const columns = ['address', 'password_hash', 'password', 'quota', 'enabled'] as const
type Column = (typeof columns)[number]

type WantedAccount = Wanted & {
  readonly address: Address
  readonly credentials:
    | { readonly kind: 'hash'; readonly hash: string }
    | { readonly kind: 'password'; readonly password: string }
  /** Undefined: the file does not say. */
  readonly quotaBytes: number | null | undefined
  readonly enabled: boolean | undefined
}

/** Passwords hashed at once: each takes a processor. */
const HASHES_AT_ONCE = 4
const FOLDERS_AT_ONCE = 16

export function accountImportCommand(account: Command, define: Define): void {
  define(account.command('import <file>'), {
    about:
      'add the accounts of a file (- for standard input): lines address:hash as in a passwd-file, or CSV with a heading',
    options: (command) =>
      command
        .option(
          '--update',
          'give accounts that are there the password, quota and state of the file',
        )
        .option('--dry-run', 'only check the file')
        .addHelpText('after', `\nCSV columns: ${columns.join(', ')}; only address must be there.`),
    async run(context, [file], options: ImportOptions) {
      const problems = new LineProblems()
      const records = recordsOf(await readLines(file, context.process), columns, problems)
      const { hashProblem } = await import('#shared/auth/passwords.ts')
      const wanted: WantedAccount[] = []
      for (const record of records) {
        try {
          const one = wantedAccount(record, context)
          const { credentials } = one
          const problem =
            credentials.kind === 'hash'
              ? hashProblem(credentials.hash)
              : isPassword(Buffer.from(credentials.password))
                ? undefined
                : 'the password is empty or too long'
          if (problem === undefined) wanted.push(one)
          else problems.add(record.number, problem)
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error
          problems.add(record.number, error.message)
        }
      }
      const places = wanted.map(({ number, address: { domain } }) => ({ number, domain }))
      await findDomains(places, problems, context)
      await runImport(wanted, problems, context, options, importOf(context))
    },
  })
}

function wantedAccount(record: Record, context: Context): WantedAccount {
  const fields = record.kind === 'line' ? passwdFields(record.text) : record.fields
  const cell = (column: Column) => fields[column] ?? ''
  const { local, domain } = addressArgument(cell('address'), context)
  const address = { local: lookupKey(local), domain }
  const quota = cell('quota')
  return {
    number: record.number,
    key: formatAddress(address),
    address,
    credentials: credentialsOf(cell('password_hash'), cell('password')),
    quotaBytes: quota === '' ? undefined : quotaArgument(quota, 'quota'),
    enabled: enabledOf(cell('enabled')),
  }
}

/** `user:password:uid:gid:gecos:home:shell:extra`: of what follows the password only the quota is ours. */
function passwdFields(text: string): Fields {
  const [address = '', hash = '', ...rest] = text.trim().split(':')
  if (rest.length === 0 && hash === '') {
    throw new CommandFailure(
      'no address:hash, and the file has no heading such as address,password',
    )
  }
  const extra = rest.slice(5).join(':')
  return { address, password_hash: hash, quota: quotaRule(extra) }
}

/** `userdb_quota_rule=*:storage=1G`: KiB without a unit. `userdb_quota_storage_size` is its name from Dovecot 2.4 on. */
function quotaRule(extra: string): string | undefined {
  const rule =
    /(?:^|\s)(?:userdb_)?quota_(?:rule=\*:storage|storage_size)=(\d{1,15})([bkmgt]?)/i.exec(extra)
  const [, digits, unit] = rule ?? []
  if (digits === undefined) return undefined
  return `${digits}${unit?.toUpperCase() || 'K'}`
}

function credentialsOf(hash: string, password: string): WantedAccount['credentials'] {
  if (hash !== '' && password !== '') throw new CommandFailure('give a password or its hash')
  if (hash !== '') return { kind: 'hash', hash }
  if (password !== '') return { kind: 'password', password }
  throw new CommandFailure('no password and no hash (* as a hash lets nobody in)')
}

const switches = new Map([
  ['', undefined],
  ...['yes', 'true', '1', 'y'].map((word) => [word, true] as const),
  ...['no', 'false', '0', 'n'].map((word) => [word, false] as const),
])

function enabledOf(text: string): boolean | undefined {
  const word = text.toLowerCase()
  if (!switches.has(word)) throw new CommandFailure(`enabled is yes or no, not '${text}'`)
  return switches.get(word)
}

function importOf({ core }: Context): Import<WantedAccount> {
  const { accounts } = core.directory
  return {
    one: 'account',
    many: 'accounts',
    async standing(wanted) {
      const found = await accounts.get(wanted.address)
      if (found === undefined) return 'missing'
      const { quotaBytes, enabled, credentials } = wanted
      // Whoever logged in has a better hash by now: a hash is compared with nothing but itself, a password not at all.
      const isSame =
        (quotaBytes === undefined || quotaBytes === found.quotaBytes) &&
        (enabled === undefined || enabled === found.enabled)
      if (!isSame) return 'differs'
      const isHash = credentials.kind === 'hash' && credentials.hash === found.passwordHash
      return isHash ? 'same' : 'kept'
    },
    async add(some) {
      const stored = await concurrently(some, HASHES_AT_ONCE, storedOf)
      const added = await accounts.addAll(
        some.map(({ address, quotaBytes = null, enabled = true }, i) => ({
          address,
          quotaBytes,
          enabled,
          ...(stored[i] ?? { passwordHash: '*' }),
        })),
      )
      await concurrently(added, FOLDERS_AT_ONCE, async (one) => {
        if (one.kind === 'ok') await core.mailbox.folders.list(one.account.id)
      })
      return added.map(({ kind }) =>
        kind === 'ok' ? { kind } : { kind: 'refused', reason: reasons[kind] },
      )
    },
    async update(wanted) {
      const { address, quotaBytes, enabled } = wanted
      const changed = await accounts.set(address, {
        ...(await storedOf(wanted)),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
        ...(enabled === undefined ? {} : { enabled }),
      })
      return changed.kind === 'ok'
        ? { kind: 'ok' }
        : { kind: 'refused', reason: 'it was removed meanwhile' }
    },
  }
}

const reasons = {
  exists: 'it was added meanwhile',
  'no-such-domain': 'its domain was removed meanwhile',
} as const

async function storedOf({ credentials }: WantedAccount): Promise<StoredPassword> {
  if (credentials.kind === 'hash') return { passwordHash: credentials.hash, scramVerifier: null }
  const { storedPassword } = await import('#shared/auth/passwords.ts')
  return storedPassword(Buffer.from(credentials.password))
}
