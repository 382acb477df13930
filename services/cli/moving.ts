// `postwolke import …`: what another mail system has, brought here. One file of import-from/ for each source.

import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { importCourierCommand } from './import-from/courier.ts'
import { importDovecotCommand, importPasswdFileCommand } from './import-from/dovecot.ts'
import { importEximCommand } from './import-from/exim.ts'
import { importImapCommand } from './import-from/imap.ts'
import { importMaildirCommand } from './import-from/maildir.ts'
import { importMboxCommand } from './import-from/mbox.ts'
import { importMhCommand } from './import-from/mh.ts'
import { importOpenDkimCommand } from './import-from/opendkim.ts'
import { importPlanCommand } from './import-from/plan.ts'
import { importPostfixCommand } from './import-from/postfix.ts'
import { importQmailCommand } from './import-from/qmail.ts'
import { importSendmailCommand } from './import-from/sendmail.ts'
import { importServiceCommand } from './import-from/service.ts'
import { importSqlDumpCommand } from './import-from/sql-dump.ts'
import { importWorkMailCommand } from './import-from/workmail.ts'
import { importWorkMailExportCommand } from './import-from/workmail-export.ts'

export function movingCommands(parent: Command, process: Process, define: Define): void {
  const group = parent
    .command('import')
    .description('bring mail and settings of another mail system here; see docs/moving.md')
  importPlanCommand(group, process, define)
  importPostfixCommand(group, define)
  importDovecotCommand(group, define)
  importPasswdFileCommand(group, define)
  importQmailCommand(group, define)
  importSendmailCommand(group, define)
  importEximCommand(group, define)
  importCourierCommand(group, define)
  importSqlDumpCommand(group, define)
  importOpenDkimCommand(group, define)
  importMaildirCommand(group, define)
  importImapCommand(group, define)
  importWorkMailCommand(group, process, define)
  importWorkMailExportCommand(group, define)
  importMboxCommand(group, define)
  importMhCommand(group, define)
  importServiceCommand(group, define)
}
