// `postwolke import plan`: what is at a source, whatever it is, what of it will come over and what will not, how much that is, and how long it
// takes. Reads only.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { MovingPlan } from '#shared/moving/configurations/plan.ts'
import type { Organization } from '#shared/moving/workmail/organization.ts'
import type { Context, Process } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type ImapOptions, imapMailboxes, withImapOptions } from './imap.ts'
import { type MboxOptions, mboxes, withMboxOptions } from './mbox.ts'
import { foldersOf, isPattern } from './path-pattern.ts'
import { defaultDomainOption, rootOption } from './plan-command.ts'
import { kindOf, type SourceKind, sourceKinds } from './plan-kind.ts'
import type { ToPlan } from './plan-mail.ts'
import { openExportAt } from './workmail-export.ts'

type Options = ImapOptions &
  MboxOptions & {
    readonly kind?: string
    readonly account?: string
    readonly root?: string
    readonly defaultDomain?: string
    readonly dovecot?: string
    readonly passwdFile?: string
    readonly region?: string
    readonly log?: string
    readonly all?: boolean
  }

export function importPlanCommand(parent: Command, process: Process, define: Define): void {
  let prepared: Prepared | undefined
  define<Options>(parent.command('plan <source>'), {
    about:
      'look over a source of any kind and say what would come here: mail, or the configuration of another system; writes nothing',
    options: (command) =>
      withImapOptions(
        withMboxOptions(
          command
            .option('--kind <kind>', `what it is, if it is not plain: ${sourceKinds.join(', ')}`)
            .option('--account <address>', 'whose a single mailbox would become')
            .option(
              '--labels [how]',
              'of Gmail: folders or keywords; of Google Takeout: folders are the labels in the messages',
            ),
        ),
      )
        .option('--region <region>', 'of Amazon: where the organization or the bucket is')
        .option(
          '--log <file>',
          'of the export job of WorkMail, where it does not lie in the archive',
        )
        .option('--dovecot <file>', 'of a Postfix: what `doveconf -n` printed, or dovecot.conf')
        .option('--passwd-file <file>', "Dovecot's passwd-file, with the passwords of mailboxes")
        .option(...defaultDomainOption)
        .option(...rootOption)
        .option('--all', 'also list what is not needed here')
        .addHelpText(
          'after',
          `
<source>: a path with %d, %n or %u (Maildirs), a Maildir, an mbox or a folder of them, a folder of MH, imap://host, an export of WorkMail (a file
or s3://bucket/key), an organization of WorkMail (m-… or a folder of answers), the folder or file of a configuration.`,
        ),
    async prepare([source], options) {
      prepared = await prepare(source, options, process)
    },
    async run(context, [source], options) {
      // Cannot happen: it was prepared.
      if (prepared === undefined) throw new Error('the source was not read')
      await plan(prepared, source, context, options)
    },
  })
}

type Prepared =
  | { readonly kind: 'configuration'; readonly plan: MovingPlan }
  | { readonly kind: 'organization'; readonly organization: Organization }
  | { readonly kind: 'mail'; readonly what: MailKind }

type MailKind = Extract<SourceKind, 'maildir' | 'mbox' | 'mh' | 'imap' | 'workmail-export'>

/** Files of a configuration are read before the store is opened, as the commands that take it over do. */
async function prepare(source: string, options: Options, process: Process): Promise<Prepared> {
  const configuration = (plan: MovingPlan) => ({ kind: 'configuration', plan }) as const
  const kind = kindOf(source, options.kind)
  switch (kind) {
    case 'postfix': {
      const { readPostfixPlan } = await import('./postfix.ts')
      return configuration(await readPostfixPlan(source, options))
    }
    case 'dovecot': {
      const { readDovecotPlan } = await import('./dovecot.ts')
      return configuration(await readDovecotPlan(source, options))
    }
    case 'passwd-file': {
      const { readPasswdFilePlan } = await import('./dovecot.ts')
      return configuration(await readPasswdFilePlan(source, options))
    }
    case 'qmail': {
      const { readQmailPlan } = await import('./qmail.ts')
      return configuration(await readQmailPlan(source, options))
    }
    case 'sendmail': {
      const { readSendmailPlan } = await import('./sendmail.ts')
      return configuration(await readSendmailPlan(source, options))
    }
    case 'exim': {
      const { readEximPlan } = await import('./exim.ts')
      return configuration(await readEximPlan(source, options))
    }
    case 'courier': {
      const { readCourierPlan } = await import('./courier.ts')
      return configuration(await readCourierPlan(source, options))
    }
    case 'workmail': {
      const { organizationOf } = await import('./workmail-organization.ts')
      const { region } = options
      const isId = source.startsWith('m-')
      const asked = isId ? { organization: source, ...(region && { region }) } : { from: source }
      return { kind: 'organization', organization: await organizationOf(asked, process) }
    }
    default:
      return { kind: 'mail', what: kind }
  }
}

async function plan(
  prepared: Prepared,
  source: string,
  context: Context,
  options: Options,
): Promise<void> {
  switch (prepared.kind) {
    case 'configuration': {
      const { runPlan } = await import('./run-plan.ts')
      await runPlan(prepared.plan, context, { ...options, dryRun: true }, undefined)
      return
    }
    case 'organization': {
      const { rehearseWorkMail } = await import('./workmail.ts')
      await rehearseWorkMail(prepared.organization, context, options)
      return
    }
    case 'mail': {
      const { planMail } = await import('./plan-mail.ts')
      const found = await mailboxesOf(prepared.what, source, options, context)
      if (found.length === 0) throw new CommandFailure('nothing fits there', 'noInput')
      // Of all accounts: those without a mailbox there are told.
      await planMail(context, found, { isOfAll: prepared.what === 'maildir' && isPattern(source) })
    }
  }
}

async function mailboxesOf(
  kind: MailKind,
  source: string,
  options: Options,
  context: Context,
): Promise<readonly ToPlan[]> {
  const { account = '' } = options
  const { process } = context
  const path = resolve(source)
  switch (kind) {
    case 'maildir': {
      const { openMaildir } = await import('#shared/moving/mailboxes/maildir/maildir-source.ts')
      const found = isPattern(source) ? await foldersOf(source) : [{ address: account, path }]
      return found.map(({ address, path: root }) => ({
        ...{ account: address, path: root },
        open: () => openMaildir(root),
      }))
    }
    case 'mbox':
      return await mboxes(context, source, isPattern(source) ? options : { ...options, account })
    case 'mh': {
      const { openMh } = await import('#shared/moving/mailboxes/mh/mh-source.ts')
      return [{ account, path, open: () => openMh(path) }]
    }
    case 'workmail-export':
      return [{ account, path: source, open: () => openExportAt(source, options, process) }]
    case 'imap': {
      const mailboxes = await imapMailboxes({ ...options, ...hostIn(source) }, process)
      return mailboxes.map((one) => ({ ...one, path: source }))
    }
  }
}

/** `imap://host:port`, or a bare name where the kind was said; as `import imap` with `--host` and `--port`. */
function hostIn(source: string): { readonly host: string; readonly port?: string } {
  const text = source.includes('://') ? source : `imap://${source}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBare =
    url !== undefined &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    /^\/?$/.test(url.pathname)
  if (!isBare || url.hostname === '') {
    throw new CommandFailure('a server is imap://host or imap://host:port', 'usage')
  }
  // An address of IPv6.
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  return { host, ...(url.port !== '' && { port: url.port }) }
}
