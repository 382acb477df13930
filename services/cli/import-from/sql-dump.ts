import { basename, dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { filesIn, planCommand } from './plan-command.ts'

type Options = { readonly defaultScheme?: string }

/** `postwolke import sql-dump`: what mysqldump, pg_dump or sqlite3 wrote. */
export function importSqlDumpCommand(group: Command, define: Define): void {
  planCommand(group.command('sql-dump <file>'), define, {
    about:
      'take over domains, accounts and aliases of a database: PostfixAdmin, iRedMail, ISPmail, Mail-in-a-Box',
    options: (command) =>
      command.option(
        '--default-scheme <name>',
        'of passwords that name none, as Dovecot calls it: CRYPT, PLAIN, SHA256 (default: CRYPT)',
      ),
    help: 'The file is what mysqldump, pg_dump or the .dump of sqlite3 wrote. Settings come by import postfix and import dovecot.',
    async read(file, { defaultScheme }: Options) {
      const { readDatabase } = await import('#shared/moving/configurations/database/database.ts')
      const read = readDatabase({
        ...(await dumpAt(file)),
        defaultScheme: defaultScheme?.toUpperCase(),
      })
      if (read.kind === 'plan') return read.plan
      throw new CommandFailure(`cannot read ${read.reason}`, 'noInput')
    },
  })
}

export async function dumpAt(file: string) {
  const path = resolve(file)
  return { files: await filesIn(dirname(path), {}, []), path: basename(path) }
}
