// The directory on a store, as a backend has it, and as a command that needs no more of one.

import { readFile } from 'node:fs/promises'
import { type AccessTables, createAccessTables } from '#shared/directory/access-tables.ts'
import { type BounceAddresses, createBounceAddresses } from '#shared/directory/bounce-addresses.ts'
import { createDirectory, type Directory } from '#shared/directory/directory.ts'
import { type AddressRewriting, createAddressRewriting } from '#shared/directory/rewriting.ts'
import {
  createSrsSecrets,
  fileSrsSecrets,
  type SrsSecrets,
  type StoredSrsSecrets,
} from '#shared/directory/srs-secrets.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { srsDomain } from '#shared/settings/own-domains.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Store, Table } from '#shared/storage/ports.ts'

type Deps = {
  readonly store: Store
  readonly settings: Settings
  readonly clock: Clock
}

export type DirectoryParts = {
  readonly accessTables: AccessTables
  readonly rewriting: AddressRewriting
  readonly srsSecrets: SrsSecrets & Partial<StoredSrsSecrets>
  readonly bounceAddresses: BounceAddresses
  readonly directory: Directory
}

export function assembleDirectory({ store, settings, clock }: Deps): DirectoryParts {
  const { tables, signals } = store
  const accessTables = createAccessTables({ table: tables.directory, clock })
  const rewriting = createAddressRewriting({ maps: accessTables, settings })
  const srsSecrets = srsSecretsOf(settings, tables.directory, clock)
  const bounceAddresses = createBounceAddresses({
    secrets: srsSecrets,
    maps: accessTables,
    options: { ...settings, domain: parseDomain(srsDomain(settings)) },
    clock,
  })
  const directory = createDirectory({
    table: tables.directory,
    clock,
    settings,
    signals,
    bounceAddresses,
  })
  return { accessTables, rewriting, srsSecrets, bounceAddresses, directory }
}

function srsSecretsOf(
  settings: Settings,
  table: Table,
  clock: Clock,
): SrsSecrets & Partial<StoredSrsSecrets> {
  const { srsSecretsFile } = settings
  if (srsSecretsFile === '') return createSrsSecrets({ table, clock })
  return fileSrsSecrets({ read: () => readFile(srsSecretsFile, 'utf8'), clock })
}
