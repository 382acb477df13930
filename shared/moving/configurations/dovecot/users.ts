// Who can log in: the users of passwd-files.

import type { Collector } from '../collect.ts'
import type { PlannedAccount } from '../plan.ts'
import type { SourceFiles } from '../source-files.ts'
import type { FilePart } from './file-parts.ts'
import { readPasswdFile } from './passwd-file.ts'

export type UserSource = {
  readonly files: SourceFiles
  /** In place of what a passdb names. */
  readonly passwdFile?: string | undefined
  readonly defaultDomain?: string | undefined
}

/** Of passdbs that are files; others are told. */
export function readUsers(
  parts: readonly FilePart[],
  source: UserSource,
  collect: Collector,
): readonly PlannedAccount[] {
  const accounts = new Map<string, PlannedAccount>()
  const read = (path: string, defaultScheme?: string) => {
    const { files, defaultDomain } = source
    for (const account of readPasswdFile({ files, path, collect, defaultDomain, defaultScheme })) {
      if (!accounts.has(account.address))
        accounts.set(account.address, { kind: 'account', ...account })
    }
  }
  if (source.passwdFile !== undefined) read(source.passwdFile)
  for (const { file, block } of parts) {
    for (const one of block.blocks) {
      if (one.type !== 'passdb') continue
      const from = { file, line: one.line }
      const textOf = (name: string) => one.values.findLast((value) => value.name === name)?.value
      const driver = textOf('driver') ?? one.name
      if (driver === 'passwd-file') {
        const args = (textOf('args') ?? '').split(/\s+/)
        const path = textOf('passwd_file_path') ?? args.at(-1) ?? ''
        const scheme =
          textOf('default_password_scheme') ??
          args.find((word) => word.startsWith('scheme='))?.slice('scheme='.length)
        if (source.passwdFile !== undefined) continue
        if (path.includes('%')) {
          const reason = `${path}: there is one for each domain; import each with \`postwolke import passwd-file\``
          collect.note('to-do', 'passdb', reason, from)
        } else read(path, scheme?.toUpperCase())
      } else {
        const reason =
          driver === 'sql'
            ? 'passwords are in a database: `postwolke import sql-dump` reads a dump of it'
            : `passwords of ${driver} are not in these files: export them as a passwd-file`
        collect.note('to-do', `passdb ${driver}`, reason, from)
      }
    }
  }
  return [...accounts.values()]
}
