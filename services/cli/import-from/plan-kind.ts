// What a source is, told by what is there. Where several are possible nothing is guessed: `--kind` says it.

import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure } from '../failure.ts'
import { isPattern } from './path-pattern.ts'

export const sourceKinds = [
  ...(['maildir', 'mbox', 'mh', 'imap', 'workmail-export', 'workmail'] as const),
  ...(['postfix', 'dovecot', 'passwd-file', 'qmail', 'sendmail', 'exim', 'courier'] as const),
]
export type SourceKind = (typeof sourceKinds)[number]

export function kindOf(source: string, given: string | undefined): SourceKind {
  const named = sourceKinds.find((kind) => kind === given)
  if (named !== undefined) return named
  if (given !== undefined) {
    throw new CommandFailure(`--kind is one of ${sourceKinds.join(', ')}`, 'usage')
  }
  const kinds = kindsOf(source)
  const [only] = kinds
  if (only !== undefined && kinds.length === 1) return only
  const is = kinds.length === 0 ? 'is nothing that is known' : `may be ${kinds.join(' or ')}`
  throw new CommandFailure(`${source} ${is}: say by --kind what it is`, 'usage')
}

function kindsOf(source: string): readonly SourceKind[] {
  if (/^imaps?:\/\//i.test(source)) return ['imap']
  if (source.startsWith('s3://')) return ['workmail-export']
  if (/^m-[0-9a-f]{32}$/.test(source)) return ['workmail']
  if (isPattern(source)) return ['maildir']
  try {
    return statSync(source).isDirectory() ? kindsOfFolder(source) : kindsOfFile(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`cannot read ${source}: ${reason}`, 'noInput')
  }
}

/** The first line of what `doveconf -n` prints names its version and its file. */
function kindsOfFile(path: string): readonly SourceKind[] {
  const head = headOf(path)
  if (head.startsWith('From ')) return ['mbox']
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return ['workmail-export']
  const [line = ''] = head.split('\n', 1)
  const isPrinted = line.startsWith('# ') && line.includes('dovecot.conf')
  if (path.endsWith('/dovecot.conf') || isPrinted) return ['dovecot']
  return head === '' ? ['mbox'] : ['dovecot', 'passwd-file', 'exim']
}

/** Told of one file each; `dovecot` is one in a folder, which `import dovecot` wants to be named. */
const telling: readonly (readonly [SourceKind, readonly string[]])[] = [
  ['workmail', ['list-users.json']],
  ['postfix', ['main.cf']],
  ['sendmail', ['sendmail.cf', 'sendmail.mc', 'virtusertable', 'mailertable']],
  [
    'courier',
    ['courierd', 'esmtpd', 'esmtpacceptmailfor', 'esmtpacceptmailfor.dir', 'aliases.dir'],
  ],
]
const CHILDREN_LOOKED_AT = 100

function kindsOfFolder(path: string): readonly SourceKind[] {
  const entries = readdirSync(path, { withFileTypes: true })
  const has = (name: string) => entries.some((entry) => entry.name === name)
  const kinds: SourceKind[] = telling.filter(([, names]) => names.some(has)).map(([kind]) => kind)
  if (has('control') && (has('alias') || has('users'))) kinds.push('qmail')
  const children = entries.filter((entry) => entry.isDirectory()).slice(0, CHILDREN_LOOKED_AT)
  const below = children.map(({ name }) => entriesOf(join(path, name)))
  if (isMaildir(entries) || below.some(isMaildir)) kinds.push('maildir')
  else if (below.some((inside) => inside.some(isNumbered))) kinds.push('mh')
  const isMbox = (entry: Dirent) =>
    entry.isFile() && headOf(join(path, entry.name)).startsWith('From ')
  if (!isMaildir(entries) && entries.slice(0, CHILDREN_LOOKED_AT).some(isMbox)) kinds.push('mbox')
  return kinds
}

function isMaildir(entries: readonly Dirent[]): boolean {
  const has = (name: string) => entries.some((entry) => entry.name === name && entry.isDirectory())
  return has('cur') && (has('new') || has('tmp'))
}

const isNumbered = (entry: Dirent) => entry.isFile() && /^[1-9]\d{0,9}$/.test(entry.name)

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return []
  }
}

const HEAD_BYTES = 512

/** Empty where it cannot be read. */
function headOf(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(HEAD_BYTES)
      return buffer.subarray(0, readSync(file, buffer, 0, HEAD_BYTES, 0)).toString('latin1')
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
