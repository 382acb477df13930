// Mail of other systems brought into accounts here, and compared with where it came from.

import { formatAddress } from '#shared/mail/address.ts'
import {
  type CopyOptions,
  type CopyStep,
  copyMailbox,
} from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import type { MailSource, SourceFolder, SourceScript } from '#shared/moving/mailboxes/source.ts'
import { type FolderVerdict, verifyMailbox } from '#shared/moving/mailboxes/verify-mailbox.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import { type FoundAccount, findAccount } from '../found-account.ts'
import type { BadValue, NoSuchAccount } from '../refusals.ts'
import type { ScriptAdministration } from '../scripts/scripts.ts'

export interface MailImportAdministration {
  /** Brings what is new at the source. May be ended between any two steps, and begun again. */
  bring(request: BringMail): Promise<BringingMail | BadValue | NoSuchAccount>
  /** For the record: a job was begun that brings mail, or compares it. */
  begun(job: {
    readonly id: string
    readonly host: string
    readonly accounts: number
  }): Promise<void>
  /** Reads everything on both sides. */
  verify(request: VerifyMail): Promise<VerifyingMail | BadValue | NoSuchAccount>
}

export type BringMail = {
  readonly account: string
  readonly source: MailSource
  readonly options: CopyOptions
}
export type BringingMail = {
  readonly kind: 'bringing'
  readonly account: string
  readonly steps: AsyncGenerator<CopyStep, MailboxReport>
}

export type VerifyMail = {
  readonly account: string
  readonly source: MailSource
  readonly isWanted?: ((folder: SourceFolder) => boolean) | undefined
}
export type VerifyingMail = {
  readonly kind: 'verifying'
  readonly account: string
  readonly steps: AsyncGenerator<
    { readonly messages: number; readonly bytes: number },
    readonly FolderVerdict[]
  >
}

export function createMailImportAdministration(
  deps: AdministrationDeps,
  fields: Fields,
  scripts: Pick<ScriptAdministration, 'list' | 'put'>,
): MailImportAdministration {
  const mailbox = deps.mailForImports

  async function* bringInto(
    { account }: FoundAccount,
    { source, options }: BringMail,
  ): AsyncGenerator<CopyStep, MailboxReport> {
    const { id } = account
    const address = formatAddress(account.address)
    const keepScript = (script: SourceScript) => keep(scripts, address, script)
    const target = { account: address, accountId: id, mailbox, keepScript }
    const report = yield* copyMailbox(source, target, options)
    const brought = report.folders.reduce((sum, folder) => sum + folder.brought, 0)
    if (!options.dryRun && brought > 0) {
      const after = { brought, folders: report.folders.length, from: source.identity }
      deps.record({ what: 'mail-import', name: address, before: null, after })
    }
    return report
  }

  return {
    async bring(request) {
      const found = await findAccount(deps.directory, fields, request.account)
      if (found.kind !== 'found') return found
      const account = formatAddress(found.account.address)
      return { kind: 'bringing', account, steps: bringInto(found, request) }
    },
    async begun({ id, host, accounts }) {
      const after = { from: host, accounts }
      deps.record({ what: 'mail-import', name: id, before: null, after })
    },
    async verify({ account, source, isWanted }) {
      const found = await findAccount(deps.directory, fields, account)
      if (found.kind !== 'found') return found
      const target = { accountId: found.account.id, mailbox, objects: deps.objects }
      const steps = verifyMailbox(source, target, isWanted)
      return { kind: 'verifying', account: formatAddress(found.account.address), steps }
    },
  }
}

/** One that is here already stays as it is: its owner may have changed it. An active one decides only where none does. */
async function keep(
  scripts: Pick<ScriptAdministration, 'list' | 'put'>,
  owner: string,
  { name, source, active }: SourceScript,
): Promise<string> {
  const listed = await scripts.list(owner)
  if (listed.kind !== 'scripts') return 'the account is gone'
  if (listed.scripts.some((script) => script.name === name)) return 'was here already'
  const activate = active && !listed.scripts.some(({ isActive }) => isActive)
  const put = await scripts.put({ owner, name, text: source, activate })
  switch (put.kind) {
    case 'put':
      return put.script.isActive ? 'kept, and decides' : 'kept'
    case 'wrong-script':
      return `refused: ${put.findings[0]?.message ?? 'it does not compile'}`
    default:
      return `refused: ${put.kind}`
  }
}
