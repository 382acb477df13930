// Mail of accounts here written out in forms that other systems read, and compared with what was written.

import type { AccountRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { type ExportOptions, exportMaildir } from '#shared/moving/export/maildir-export.ts'
import { exportMbox } from '#shared/moving/export/mbox-export.ts'
import type { OwnMailbox } from '#shared/moving/export/own-mailbox.ts'
import { type ExportReport, type ExportStep, sumOf } from '#shared/moving/export/report.ts'
import type { ExportTarget } from '#shared/moving/export/target.ts'
import { type ExportVerdict, verifyExport } from '#shared/moving/export/verify-export.ts'
import type { SourceScript } from '#shared/moving/mailboxes/source.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import { type FoundAccount, findAccount } from '../found-account.ts'
import type { BadValue, NoSuchAccount } from '../refusals.ts'
import type { ScriptAdministration } from '../scripts/scripts.ts'
import { SITE } from '../scripts/site.ts'
import {
  type DirectoryFile,
  directoryFiles,
  fileNameOf,
  type OtherAdministration,
  onlyText,
} from './directory-files.ts'

export interface MailExportAdministration {
  /** The mailbox as an export reads it. */
  own(account: AccountRecord): Promise<OwnMailbox>
  /** Writes what is not there yet. May be ended between any two steps, and begun again. */
  write(request: WriteMail): Promise<WritingMail | BadValue | NoSuchAccount>
  /** Reads everything on both sides, of an export as a Maildir. */
  verify(request: VerifyWritten): Promise<VerifyingWritten | BadValue | NoSuchAccount>
  /** All that is not mail: the files of an export of the whole service, one after the other. */
  directory(request: WriteDirectory): AsyncGenerator<DirectoryFile>
}

export type WriteDirectory = {
  /** For the record. */
  readonly to: string
  /** Hashes of passwords. */
  readonly withSecrets: boolean
}

export type WriteMail = {
  readonly account: string
  readonly format: ExportReport['format']
  /** For the record: where it goes. */
  readonly to: string
  readonly target: ExportTarget
  readonly options: ExportOptions
}
export type WritingMail = {
  readonly kind: 'writing'
  readonly account: string
  readonly steps: AsyncGenerator<ExportStep, ExportReport>
}

export type VerifyWritten = {
  readonly account: string
  readonly target: ExportTarget
  readonly isWanted?: ((path: string) => boolean) | undefined
}
export type VerifyingWritten = {
  readonly kind: 'verifying'
  readonly account: string
  readonly steps: AsyncGenerator<ExportStep, readonly ExportVerdict[]>
}

export function createMailExportAdministration(
  deps: AdministrationDeps,
  fields: Fields,
  scripts: Pick<ScriptAdministration, 'list' | 'show'>,
  others: OtherAdministration,
): MailExportAdministration {
  const ownMailbox = ({ account }: Pick<FoundAccount, 'account'>): OwnMailbox => {
    const address = formatAddress(account.address)
    return {
      account: address,
      accountId: account.id,
      mailbox: deps.mailForImports,
      objects: deps.objects,
      scripts: () => scriptsOf(scripts, address),
    }
  }

  async function* written(
    own: OwnMailbox,
    { to, format, target, options }: WriteMail,
  ): AsyncGenerator<ExportStep, ExportReport> {
    const write = format === 'mbox' ? exportMbox : exportMaildir
    const report = yield* write(own, target, options)
    const { folders } = report
    const after = { to, format, folders: folders.length, messages: sumOf(folders, countOf) }
    deps.record({ what: 'mail-export', name: own.account, before: null, after })
    return report
  }

  return {
    own: async (account) => ownMailbox({ account }),
    async write(request) {
      const found = await findAccount(deps.directory, fields, request.account)
      if (found.kind !== 'found') return found
      const own = ownMailbox(found)
      return { kind: 'writing', account: own.account, steps: written(own, request) }
    },
    async verify({ account, target, isWanted }) {
      const found = await findAccount(deps.directory, fields, account)
      if (found.kind !== 'found') return found
      const own = ownMailbox(found)
      return {
        kind: 'verifying',
        account: own.account,
        steps: verifyExport(own, target, isWanted),
      }
    },
    async *directory({ to, withSecrets }) {
      yield* directoryFiles(deps.directory, others, withSecrets)
      for (const { name, source } of await scriptsOf(scripts, SITE)) {
        yield { path: `sieve/${fileNameOf(name)}.sieve`, text: onlyText(source) }
      }
      deps.record({ what: 'directory-export', name: to, before: null, after: { withSecrets } })
    },
  }
}

const countOf = ({ messages }: { readonly messages: number }) => messages

async function scriptsOf(
  scripts: Pick<ScriptAdministration, 'list' | 'show'>,
  owner: string,
): Promise<readonly SourceScript[]> {
  const listed = await scripts.list(owner)
  if (listed.kind !== 'scripts') return []
  const found: SourceScript[] = []
  for (const { name, isActive } of listed.scripts) {
    const shown = await scripts.show({ owner, name })
    if (shown.kind === 'script') found.push({ name, source: shown.text, active: isActive })
  }
  return found
}
