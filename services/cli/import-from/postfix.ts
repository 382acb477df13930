import { hostname } from 'node:os'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { defaultDomainOption, planCommand, rootOption } from './plan-command.ts'

type Options = {
  readonly root?: string
  readonly dovecot?: string
  readonly passwdFile?: string
  readonly sqlDump?: string
  readonly defaultDomain?: string
}

/** `postwolke import postfix`: main.cf, master.cf and what they name. */
export function importPostfixCommand(group: Command, define: Define): void {
  planCommand(group.command('postfix <dir>'), define, {
    about:
      'take over the configuration of a Postfix: domains, mailboxes, aliases, tables, settings',
    options: (command) =>
      command
        .option(
          '--dovecot <file>',
          'what `doveconf -n` printed, or dovecot.conf: its users and settings too',
        )
        .option('--passwd-file <file>', "Dovecot's passwd-file, with the passwords of mailboxes")
        .option(
          '--sql-dump <file>',
          'what mysqldump, pg_dump or sqlite3 wrote of its database, as `import sql-dump` reads it',
        )
        .option(...defaultDomainOption)
        .option(...rootOption),
    help: 'Mail itself is imported by other commands. What did not come over is listed with file, line and reason.',
    read: readPostfixPlan,
  })
}

export async function readPostfixPlan(dir: string, options: Options) {
  const [{ readPostfix }, { withDovecot }, { openForeignFiles }, { readDovecotFiles }] =
    await Promise.all([
      import('#shared/moving/configurations/postfix/postfix.ts'),
      import('#shared/moving/configurations/postfix/with-dovecot.ts'),
      import('./foreign-files.ts'),
      import('./dovecot-files.ts'),
    ])
  const files = openForeignFiles({
    folder: dir,
    root: options.root,
    originals: ['/etc/postfix', '/usr/local/etc/postfix', '/opt/local/etc/postfix'],
  })
  const dovecot = await readDovecotFiles(options)
  const database = await databaseIn(options)
  const defaultDomain = options.defaultDomain ?? dovecot?.defaultDomain
  const read = readPostfix({
    files,
    accounts: dovecot?.accounts ?? [],
    database,
    defaultDomain,
    hostname: hostname(),
  })
  if (read.kind === 'refused') {
    throw new CommandFailure(`no Postfix is configured in ${dir}: ${read.reason}`, 'noInput')
  }
  return dovecot === undefined ? read.plan : withDovecot(read.plan, dovecot.plan)
}

async function databaseIn({ sqlDump }: Options) {
  if (sqlDump === undefined) return undefined
  const [{ openDatabase }, { dumpAt }] = await Promise.all([
    import('#shared/moving/configurations/database/database.ts'),
    import('./sql-dump.ts'),
  ])
  const database = openDatabase(await dumpAt(sqlDump))
  if (database.kind === 'database') return database
  throw new CommandFailure(`cannot read ${database.reason}`, 'noInput')
}
