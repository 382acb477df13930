// Rows of the directory as files have them that an import reads again.

import type { Alias } from '#shared/directory/aliases.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { formatAliasName } from '../fields.ts'
import { guardedCell } from './spreadsheet-cell.ts'

export type Row = {
  readonly [column: string]: string | number | boolean | null | readonly string[]
}

/** No password and no hash is in it. */
export const accountRow = (account: AccountRecord): Row => ({
  address: formatAddress(account.address),
  quota: account.quotaBytes === null ? '' : account.quotaBytes,
  enabled: account.enabled,
  id: account.id,
  displayName: account.displayName,
  frozen: account.frozen?.reason ?? null,
  forward: account.forward?.to.map(formatAddress) ?? [],
  createdMs: account.createdMs,
})

export const aliasRow = ({ name, targets }: Alias): Row => ({
  alias: formatAliasName(name),
  targets: targets.map(formatAddress),
})

export const csvLine = (columns: readonly string[], row: Row) =>
  `${columns.map((column) => cellOf(column, row[column])).join(',')}\n`

function cellOf(column: string, value: Row[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '')
  if (text === 'true') return 'yes'
  if (text === 'false') return 'no'
  // An import takes passwords as they stand.
  const cell = column.startsWith('password') ? text : guardedCell(text)
  // A line that begins with # says nothing to an import.
  return /^#|[",\s]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
