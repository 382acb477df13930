// `postwolke import imap`: one mailbox of another server, or those of a list.

import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { LabelsAs } from '#shared/moving/mailboxes/imap/gmail.ts'
import type { ImapHost, ImapLogin } from '#shared/moving/mailboxes/imap/session.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Process } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { warn } from '../output.ts'
import type { MailImportRequest } from '../services.ts'
import { readLogins, type SourceLogin } from './logins.ts'
import {
  copyOptions,
  type MailOptions,
  parallelOf,
  withMailOptions,
  withRights,
} from './mail-options.ts'
import type { ToBring } from './mail-run.ts'

type Options = MailOptions & ImapOptions & { readonly host: string }

export type ImapOptions = {
  readonly port?: string
  readonly tls?: string
  readonly ca?: string
  readonly anyCertificate?: boolean
  readonly account?: string
  readonly login?: string
  readonly passwordFile?: string
  readonly token?: boolean
  readonly accounts?: string
  readonly admin?: string
  readonly adminPasswordFile?: string
  readonly labels?: boolean | string
}

export function importImapCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('imap'), {
    about:
      'bring mailboxes of any IMAP server, with uids where they can be kept; again and again until it is left',
    options: (command) =>
      withRights(
        withMailOptions(
          withImapOptions(
            command
              .requiredOption('--host <name>', 'the other server')
              .option('--port <n>', 'default: 993, or 143 without --tls implicit')
              .option('--account <address>', 'whose it becomes')
              .option(
                '--labels <how>',
                'of Gmail: folders, with a copy in each, or keywords (default: folders)',
              ),
          ),
        ),
      ),
    async run(context, _, options) {
      const { mailImports } = context.services
      if (mailImports !== undefined) {
        const { bringByServer } = await import('./mail-job.ts')
        const request = await requestOf(options, context.process)
        await bringByServer(context, mailImports, request, options)
        return
      }
      const mailboxes = await imapMailboxes(options, context.process)
      const { bringMail } = await import('./mail-run.ts')
      await bringMail(context, mailboxes, options)
    },
  })
}

export const withImapOptions = (command: Command) =>
  command
    .option('--tls <how>', 'implicit, starttls or none (default: implicit)')
    .option('--ca <file>', 'PEM of who signs its certificate')
    .option('--any-certificate', 'take whatever certificate it shows')
    .option('--login <name>', 'there, if it is not the address')
    .option('--password-file <file>', 'its password, or - for standard input')
    .option('--token', 'what the file holds is an OAuth token, not a password')
    .option('--accounts <file>', 'many: CSV with the columns address, login, password or token')
    .option('--admin <name>', 'somebody there who may read for all (SASL PLAIN authorization)')
    .option('--admin-password-file <file>', 'its password')

export async function imapMailboxes(
  options: ImapOptions & Pick<Options, 'host'>,
  process: Process,
): Promise<readonly ToBring[]> {
  const host = await hostOf(options)
  const labels = labelsOf(options)
  const logins = await loginsOf(options, process)
  // Loaded only here: the help of all commands starts without it.
  const { openImapSource } = await import('#shared/moving/mailboxes/imap/imap-source.ts')
  return logins.map(({ account, login }) => ({
    account,
    open: () => openImapSource({ host, login, clock: systemClock, labels }),
  }))
}

async function hostOf({
  host,
  port,
  tls = 'implicit',
  ca,
  anyCertificate,
}: ImapOptions & Pick<Options, 'host'>): Promise<ImapHost> {
  if (tls !== 'implicit' && tls !== 'starttls' && tls !== 'none') {
    throw new CommandFailure('--tls is implicit, starttls or none', 'usage')
  }
  const number = Number(port ?? (tls === 'implicit' ? 993 : 143))
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new CommandFailure('--port is a number from 1 to 65535', 'usage')
  }
  return {
    host,
    port: number,
    tls,
    ca: ca === undefined ? undefined : await textOf(ca),
    trustsAny: anyCertificate,
  }
}

function labelsOf({ labels = 'folders' }: ImapOptions): LabelsAs {
  if (labels === true || labels === 'folders') return 'folders'
  if (labels === 'keywords') return labels
  throw new CommandFailure('--labels is folders or keywords', 'usage')
}

/** What a server is asked for that reads the other one itself. */
async function requestOf(options: Options, process: Process): Promise<MailImportRequest> {
  if (options.rights) {
    throw new CommandFailure(
      '--rights is for a run beside the store: a server lists rights, and gives none',
      'usage',
    )
  }
  const { trustsAny, ...host } = await hostOf(options)
  const logins = await loginsOf(options, process)
  const { dryRun, deletions } = copyOptions(options, undefined)
  const admin = logins.map(({ login: { secret } }) => secret).find(({ kind }) => kind === 'admin')
  return {
    source: { kind: 'imap', ...host, anyCertificate: trustsAny },
    ...(admin?.kind === 'admin' && { admin: { login: admin.user, password: admin.password } }),
    accounts: logins.map(({ account, login: { user, secret } }) => ({
      ...{ address: account, login: user },
      ...(secret.kind === 'password' && { password: secret.password }),
      ...(secret.kind === 'token' && { token: secret.token }),
    })),
    folders: options.folder,
    labels: labelsOf(options),
    ...{ deletions, rehearse: dryRun, verify: options.verify === true },
    ...(options.parallel !== undefined && { parallel: parallelOf(options) }),
  }
}

type Login = { readonly account: string; readonly login: ImapLogin }

async function loginsOf(options: ImapOptions, process: Process): Promise<readonly Login[]> {
  const { account, accounts, admin, adminPasswordFile } = options
  if ((account === undefined) === (accounts === undefined)) {
    throw new CommandFailure('give --account for one mailbox, or --accounts for many', 'usage')
  }
  const adminSecret =
    admin === undefined
      ? undefined
      : {
          kind: 'admin' as const,
          user: admin,
          password: await secretOf(adminPasswordFile, process, '--admin-password-file'),
        }
  if (accounts !== undefined) {
    await warnIfOpen(accounts, process)
    return readLogins(await textOf(accounts)).map((row) => ({
      account: row.address,
      login: { user: row.login, secret: adminSecret ?? secretIn(row) },
    }))
  }
  const user = options.login ?? account ?? ''
  if (adminSecret !== undefined)
    return [{ account: account ?? '', login: { user, secret: adminSecret } }]
  const secret = await secretOf(options.passwordFile, process, '--password-file')
  const given = options.token
    ? { kind: 'token' as const, token: secret }
    : { kind: 'password' as const, password: secret }
  return [{ account: account ?? '', login: { user, secret: given } }]
}

function secretIn({ address, secret }: SourceLogin): ImapLogin['secret'] {
  if (secret === undefined)
    throw new CommandFailure(
      `${address} has neither password nor token, and there is no --admin`,
      'data',
    )
  return secret
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailure(`cannot read ${file}: ${error.message}`, 'noInput')
  })
}

/** Its first line. */
async function secretOf(
  file: string | undefined,
  process: Process,
  option: string,
): Promise<string> {
  if (file === undefined) throw new CommandFailure(`give ${option}`, 'usage')
  const text =
    file === '-'
      ? Buffer.from(await process.readStdin('(the password, then Ctrl-D)\n')).toString('utf8')
      : await textOf(file)
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line === '') throw new CommandFailure(`${option} names an empty file`, 'data')
  return line
}

const OTHERS_MAY_READ = 0o044

async function warnIfOpen(file: string, process: Process): Promise<void> {
  const stats = await stat(file).catch(() => undefined)
  if (stats !== undefined && (stats.mode & OTHERS_MAY_READ) !== 0) {
    warn(process, `${file} holds passwords, and others on this machine can read it`)
  }
}
