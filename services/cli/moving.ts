// `postwolke import …`: what another mail system has, taken over. One file of import-from/ for each source.

import type { Command } from 'commander'
import type { Define } from './define.ts'
import { importCourierCommand } from './import-from/courier.ts'
import { importDovecotCommand, importPasswdFileCommand } from './import-from/dovecot.ts'
import { importEximCommand } from './import-from/exim.ts'
import { importPostfixCommand } from './import-from/postfix.ts'
import { importQmailCommand } from './import-from/qmail.ts'
import { importSendmailCommand } from './import-from/sendmail.ts'

export function movingCommands(parent: Command, define: Define): void {
  const group = parent
    .command('import')
    .description('take over what another mail system has; see docs/moving-postfix.md')
  importPostfixCommand(group, define)
  importDovecotCommand(group, define)
  importPasswdFileCommand(group, define)
  importQmailCommand(group, define)
  importSendmailCommand(group, define)
  importEximCommand(group, define)
  importCourierCommand(group, define)
}
