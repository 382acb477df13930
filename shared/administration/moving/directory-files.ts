// All of a service that is not mail, as files: the directory as imports read it again and with all that is known of it, access tables, the scripts
// for all, settings. Page by page: a directory may have a million accounts.

import type { Directory } from '#shared/directory/directory.ts'
import type { ListCursor } from '#shared/directory/listing.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { SrsSecrets } from '#shared/directory/srs-secrets.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { SECRET } from '#shared/settings/problems.ts'
import type { AccessAdministration } from '../access.ts'
import type { GrantAdministration } from '../grants.ts'
import { accountRow, aliasRow, csvLine, type Row } from '../imports/written-rows.ts'
import type { SettingsAdministration } from '../settings.ts'
import {
  APP_PASSWORDS_FILE,
  appPasswordsRow,
  KEYS_FOLDER,
  SRS_FILE,
  signingKeyFiles,
} from './written-secrets.ts'

export type DirectoryFile = { readonly path: string; readonly text: AsyncIterable<string> }

export type WrittenDirectory = Pick<
  Directory,
  'domains' | 'accounts' | 'aliases' | 'factors' | 'signingKeys'
>

export type OtherAdministration = {
  readonly grants: Pick<GrantAdministration, 'list'>
  readonly srsSecrets: Pick<SrsSecrets, 'forVerifying'>
  readonly access: Pick<AccessAdministration, 'tables' | 'page'>
  readonly settings: Pick<SettingsAdministration, 'list'>
}

const PAGE = 500

type Page<T> = { readonly items: readonly T[]; readonly next?: ListCursor }

export async function* directoryFiles(
  directory: WrittenDirectory,
  others: OtherAdministration,
  withSecrets: boolean,
): AsyncGenerator<DirectoryFile> {
  const { domains, accounts, aliases } = directory
  const { access, settings } = others
  const domainRows = () =>
    rows(
      (options) => domains.page(options),
      (one): Row => ({
        domain: one.domain,
        accountsMax: one.limits.accounts,
        aliasesMax: one.limits.aliases,
        quotaBytesMax: one.limits.quotaBytes,
        createdMs: one.createdMs,
      }),
    )
  const accountRows = () =>
    rows(
      (options) => accounts.page(options),
      (one): Row => ({
        ...accountRow(one),
        shared: one.shared,
        forwardKeeps: one.forward?.keep ?? null,
        // Nobody logs in with this: whoever brings the accounts elsewhere gives passwords.
        password_hash: withSecrets ? one.passwordHash : '*',
      }),
    )
  const aliasRows = () => rows((options) => aliases.page(options), aliasRow)
  yield { path: 'domains.csv', text: csv(['domain'], domainRows()) }
  const columns = ['address', 'password_hash', 'quota', 'enabled']
  yield { path: 'accounts.csv', text: csv(columns, accountRows()) }
  yield { path: 'aliases.csv', text: csv(['alias', 'targets'], aliasRows()) }
  yield { path: 'domains.ndjson', text: ndjson(domainRows()) }
  yield { path: 'accounts.ndjson', text: ndjson(accountRows()) }
  yield { path: 'aliases.ndjson', text: ndjson(aliasRows()) }
  for (const { table } of (await access.tables()).tables) {
    yield { path: `access/${fileNameOf(table)}`, text: entriesOf(access, table) }
  }
  yield { path: 'settings.json', text: settingsText(settings) }
  yield { path: 'grants.ndjson', text: ndjson(grantRows(directory, others)) }
  if (withSecrets) yield* secretFiles(directory, others)
}

/** Rights in folders, a row for each grantee of one. */
async function* grantRows(
  { accounts }: WrittenDirectory,
  { grants }: OtherAdministration,
): AsyncGenerator<Row> {
  for await (const { address } of rows((options) => accounts.page(options), addressRow)) {
    const listed = await grants.list({ address: String(address) })
    // Removed meanwhile.
    if (listed.kind !== 'grants') continue
    for (const { folder, grantee, rights } of listed.grants) {
      yield { address: String(address), folder, grantee, rights }
    }
  }
}

const addressRow = ({ id, address }: Pick<AccountRecord, 'id' | 'address'>) => ({
  id,
  address: formatAddress(address),
})

async function* secretFiles(
  directory: WrittenDirectory,
  { srsSecrets }: OtherAdministration,
): AsyncGenerator<DirectoryFile> {
  const { domains, accounts, factors, signingKeys } = directory
  async function* appPasswords(): AsyncGenerator<string> {
    const page = (options: PageOptions) => accounts.page(options)
    for await (const { items } of pagesOf(page)) {
      for (const one of items) {
        const row = await appPasswordsRow(factors, addressRow(one))
        if (row !== undefined) yield `${JSON.stringify(row)}\n`
      }
    }
  }
  yield { path: APP_PASSWORDS_FILE, text: appPasswords() }
  for await (const { items } of pagesOf((options) => domains.page(options))) {
    for (const { domain } of items) {
      for (const { file, pem } of await signingKeyFiles(signingKeys, domain)) {
        yield { path: `${KEYS_FOLDER}/${file}`, text: onlyText(Buffer.from(pem)) }
      }
    }
  }
  const secrets = await srsSecrets.forVerifying()
  const text = secrets.map((secret) => `${secret}\n`).join('')
  yield { path: SRS_FILE, text: onlyText(Buffer.from(text)) }
}

type PageOptions = { readonly limit: number; readonly after?: ListCursor }

async function* pagesOf<T>(
  page: (options: PageOptions) => Promise<Page<T>>,
): AsyncGenerator<Page<T>> {
  let after: ListCursor | undefined
  do {
    const found = await page({ limit: PAGE, ...(after !== undefined && { after }) })
    yield found
    after = found.next
  } while (after !== undefined)
}

async function* rows<T>(
  page: (options: PageOptions) => Promise<Page<T>>,
  rowOf: (one: T) => Row,
): AsyncGenerator<Row> {
  for await (const { items } of pagesOf(page)) for (const one of items) yield rowOf(one)
}

async function* csv(columns: readonly string[], all: AsyncIterable<Row>): AsyncGenerator<string> {
  yield `${columns.join(',')}\n`
  for await (const row of all) yield csvLine(columns, row)
}

async function* ndjson(all: AsyncIterable<Row>): AsyncGenerator<string> {
  for await (const { password_hash, ...row } of all) {
    // With the secrets the hashes are in the file that an import reads.
    yield `${JSON.stringify(row)}\n`
  }
}

async function* entriesOf(
  access: OtherAdministration['access'],
  table: string,
): AsyncGenerator<string> {
  let after: string | undefined
  do {
    const page = await access.page({ table, after })
    // Removed meanwhile.
    if (page.kind !== 'page') return
    for (const { key, result } of page.items) yield `${key} ${result}\n`
    after = page.next
  } while (after !== undefined)
}

/** What somebody has set; what is a secret is not there. */
async function* settingsText(settings: OtherAdministration['settings']): AsyncGenerator<string> {
  const { settings: all } = await settings.list()
  const set = all.filter(({ origin, value }) => origin !== 'default' && value !== SECRET)
  const values = Object.fromEntries(set.map(({ path, value }) => [path, value]))
  yield `${JSON.stringify(values, null, 2)}\n`
}

export async function* onlyText(bytes: Uint8Array): AsyncGenerator<string> {
  yield Buffer.from(bytes).toString()
}

export const fileNameOf = (name: string) => name.replace(/^\./, '_').replace(/[\0-\x1f\x7f/]/g, '_')
