// What an import of mail is begun with: what is no secret, as it is kept with the job, and the logins, which are its sealed text.

import { badInput } from '#shared/jobs/failure.ts'
import type { LabelsAs } from '#shared/moving/mailboxes/imap/gmail.ts'
import type { ImapHost, ImapLogin } from '#shared/moving/mailboxes/imap/session.ts'

/** In one job; more are several. */
export const MAIL_IMPORT_ACCOUNTS_MAX = 4_000
/** Mailboxes at the same time: each holds what it reads and what it writes, some tens of MB. */
export const MAIL_IMPORT_PARALLEL_MAX = 8
const PARALLEL = 4

export type MailImportInput = {
  readonly host: string
  readonly port: number
  readonly tls: ImapHost['tls']
  readonly anyCertificate: boolean
  /** Of Gmail: what its labels become. */
  readonly labels: LabelsAs
  readonly deletions: 'follow' | 'keep'
  readonly dryRun: boolean
  /** Nothing is brought: it is compared. */
  readonly verify: boolean
  readonly parallel: number
}

/** As JSON: logins are secret, and the rest may be long. */
export type MailImportText = {
  /** PEM */
  readonly ca?: string | undefined
  /** Who may read for all. */
  readonly admin?: { readonly login: string; readonly password: string } | undefined
  /** Paths at the source; undefined: all. */
  readonly folders?: readonly string[] | undefined
  readonly accounts: readonly MailImportAccount[]
}

export type MailImportAccount = {
  /** Whose it becomes. */
  readonly address: string
  /** There, if it is not the address. */
  readonly login?: string | undefined
  readonly password?: string | undefined
  readonly token?: string | undefined
}

export function loginOf(
  { address, login = address, password = '', token }: MailImportAccount,
  admin: MailImportText['admin'],
): ImapLogin {
  if (admin !== undefined) {
    const secret = { kind: 'admin', user: admin.login, password: admin.password } as const
    return { user: login, secret }
  }
  const secret =
    token === undefined
      ? ({ kind: 'password', password } as const)
      : ({ kind: 'token', token } as const)
  return { user: login, secret }
}

export function readMailImportInput(input: unknown): MailImportInput {
  const { host, port, tls, labels, deletions, parallel, ...flags } = Object(input)
  const { anyCertificate, dryRun, verify } = flags
  if (typeof host !== 'string' || host === '') throw badInput('host', host)
  if (!Number.isInteger(port)) throw badInput('port', port)
  if (tls !== 'implicit' && tls !== 'starttls' && tls !== 'none') throw badInput('tls', tls)
  return {
    ...{ host, port, tls },
    anyCertificate: anyCertificate === true,
    labels: labels === 'keywords' ? 'keywords' : 'folders',
    deletions: deletions === 'keep' ? 'keep' : 'follow',
    dryRun: dryRun === true,
    verify: verify === true,
    parallel: Math.min(MAIL_IMPORT_PARALLEL_MAX, Number(parallel) || PARALLEL),
  }
}

export function readMailImportText(text: Uint8Array): MailImportText {
  return JSON.parse(Buffer.from(text).toString())
}
