import type { Command } from 'commander'
import type { Define } from '../define.ts'
import type { readDovecotFiles } from './dovecot-files.ts'
import { defaultDomainOption, planCommand, rootOption } from './plan-command.ts'

type Options = {
  readonly root?: string
  readonly passwdFile?: string
  readonly defaultDomain?: string
}

/** `postwolke import dovecot`: what `doveconf -n` says. */
export function importDovecotCommand(group: Command, define: Define): void {
  planCommand(group.command('dovecot <file>'), define, {
    about: 'take over what `doveconf -n` printed, or dovecot.conf: users and settings',
    options: (command) =>
      command
        .option('--passwd-file <file>', 'its passwd-file, in place of what the configuration names')
        .option(...defaultDomainOption)
        .option(...rootOption),
    read: readDovecotPlan,
  })
}

export const readDovecotPlan = (file: string, options: Options) =>
  planOf({ ...options, dovecot: file })
export const readPasswdFilePlan = (file: string, options: Options) =>
  planOf({ ...options, passwdFile: file })

async function planOf(files: Parameters<typeof readDovecotFiles>[0]) {
  const { readDovecotFiles } = await import('./dovecot-files.ts')
  const found = await readDovecotFiles(files)
  if (found === undefined) throw new Error('a file was named')
  return found.plan
}

/** `postwolke import passwd-file`: users and their password hashes alone. */
export function importPasswdFileCommand(group: Command, define: Define): void {
  planCommand(group.command('passwd-file <file>'), define, {
    about: "take over the users of Dovecot's passwd-file, with domains, passwords and quotas",
    options: (command) => command.option(...defaultDomainOption),
    read: readPasswdFilePlan,
  })
}
