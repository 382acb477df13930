// Dovecot's configuration and its passwd-file, by the paths of an administrator.

import { basename, dirname, resolve } from 'node:path'
import type { MovingPlan, PlannedAccount } from '#shared/moving/configurations/plan.ts'
import type { SourceFiles } from '#shared/moving/configurations/source-files.ts'
import { CommandFailure } from '../failure.ts'
import { openForeignFiles } from './foreign-files.ts'

export type DovecotFiles = {
  readonly root?: string
  readonly dovecot?: string
  readonly passwdFile?: string
  readonly defaultDomain?: string
}

export type DovecotFound = {
  readonly plan: MovingPlan
  readonly accounts: readonly PlannedAccount[]
  readonly defaultDomain: string | undefined
}

/** Undefined: neither was given. */
export async function readDovecotFiles(options: DovecotFiles): Promise<DovecotFound | undefined> {
  const { dovecot, passwdFile, defaultDomain } = options
  const { readDovecot, readPasswords } = await import(
    '#shared/moving/configurations/dovecot/dovecot.ts'
  )
  if (dovecot === undefined) {
    if (passwdFile === undefined) return undefined
    const files = filesBeside(passwdFile, undefined)
    mustBeThere(files, passwdFile)
    return { ...readPasswords({ files, path: basename(passwdFile), defaultDomain }), defaultDomain }
  }
  const beside = filesBeside(dovecot, options.root)
  // The administrator has named it: it may be anywhere.
  const path = passwdFile === undefined ? undefined : resolve(passwdFile)
  const own = passwdFile === undefined ? undefined : filesBeside(passwdFile, undefined)
  const files: SourceFiles = {
    list: beside.list,
    read: (named) =>
      own !== undefined && named === path ? own.read(basename(named)) : beside.read(named),
  }
  if (path !== undefined) mustBeThere(files, path)
  const read = readDovecot({ files, path: basename(dovecot), passwdFile: path, defaultDomain })
  if (read.kind === 'refused') throw new CommandFailure(`cannot read ${read.reason}`, 'noInput')
  return read
}

const filesBeside = (file: string, root: string | undefined) =>
  openForeignFiles({
    folder: dirname(resolve(file)),
    root,
    originals: ['/etc/dovecot', '/usr/local/etc/dovecot'],
  })

function mustBeThere(files: SourceFiles, path: string): void {
  const content = files.read(path.startsWith('/') ? path : basename(path))
  if (content.kind === 'refused') {
    throw new CommandFailure(`cannot read ${path}: ${content.reason}`, 'noInput')
  }
}
