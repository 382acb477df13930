// `postwolke postfix link DIR`: Postfix's commands as small files in DIR, each of which knows this data folder and this Node, so that a
// program that calls sendmail need not. And, as root, a maildrop that all users may leave mail in.

import { chmod, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type Common, dataDirectory, type Process, withCommonOptions } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { warn } from '../output.ts'
import { postfixNames } from './commands.ts'

const main = fileURLToPath(new URL('postwolke-postfix.mjs', import.meta.url))
/** In each of our files: what has it may be written anew. */
const MARK = '# made by postwolke postfix link'
const OTHERS_ENTER = 0o001

export function postfixCommands(parent: Command, process: Process): void {
  const postfix = parent
    .command('postfix')
    .description("Postfix's commands: sendmail, mailq, postqueue, postsuper and more")
  const link = withCommonOptions(postfix.command('link <dir>'))
    .description(
      "make Postfix's commands in a folder (such as /usr/local/sbin), for this data folder; as root also a maildrop for all users",
    )
    .option('--force', 'also in place of files that are not ours')
  link.action(async (dir: string) => {
    const options = link.opts<Common & { force?: boolean }>()
    const data = dataDirectory(options, process)
    const [{ maildropPath }, { readSettings }] = await Promise.all([
      import('#services/assembly/pickup.ts'),
      import('../store-context.ts'),
    ])
    const { settings } = await readSettings(options, process)
    const maildrop = maildropPath(data, settings)
    const config = options.config ?? process.environment.POSTWOLKE_CONFIG
    const variables = {
      POSTWOLKE_DATA: data,
      ...(config !== undefined && { POSTWOLKE_CONFIG: resolve(config) }),
      POSTWOLKE_MAILDROP_DIRECTORY: maildrop,
    }
    // Everybody runs them, whatever this process keeps to itself otherwise.
    if ((await mkdir(dir, { recursive: true })) !== undefined) await chmod(dir, 0o755)
    for (const name of postfixNames) await writeCommand(join(dir, name), name, variables, options)
    process.write(`${postfixNames.join(' ')} are in ${dir}\n`)
    await openMaildrop(data, maildrop, process)
  })
}

async function writeCommand(
  path: string,
  name: string,
  variables: { readonly [name: string]: string },
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  const isOurs = there?.isFile() && (await readFile(path, 'utf8')).includes(MARK)
  if (there !== undefined && !isOurs && !force) {
    throw new CommandFailure(
      `${path} is there and not ours; --force puts ours in its place`,
      'exists',
    )
  }
  // A link is replaced, and not what it leads to.
  await rm(path, { force: true })
  const lines = Object.entries(variables).map(
    // Whoever runs it may mean another mail system.
    ([variable, value]) => `: "\${${variable}:=${shellText(value)}}"; export ${variable}`,
  )
  const run = `exec ${quoted(globalThis.process.execPath)} ${quoted(main)} ${name} "$@"`
  await writeFile(path, ['#!/bin/sh', MARK, ...lines, run, ''].join('\n'))
  await chmod(path, 0o755)
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** Within double quotes. */
const shellText = (text: string) => text.replaceAll(/[\\"$`}]/g, '\\$&')

async function openMaildrop(data: string, maildrop: string, process: Process): Promise<void> {
  const owner = await stat(data).catch(() => undefined)
  if (owner === undefined) {
    warn(process, `there is no ${data} yet; run this again when the server has started once`)
    return
  }
  if (process.become === undefined) {
    warn(process, 'only root opens the maildrop to all users of the machine')
    return
  }
  const { MaildropFolder } = await import('#services/pickup/maildrop-folder.ts')
  await MaildropFolder.prepare(maildrop, owner)
  const closed = await closedFolder(maildrop)
  if (closed === undefined) process.write(`all users may submit through ${maildrop}\n`)
  else {
    warn(process, `other users cannot enter ${closed}: 'chmod o+x ${closed}' lets them submit`)
  }
}

/** The first of the folders above it that others may not enter. */
async function closedFolder(path: string): Promise<string | undefined> {
  const parts = resolve(path).split('/').slice(1, -1)
  for (const [i] of parts.entries()) {
    const folder = `/${parts.slice(0, i + 1).join('/')}`
    if (((await stat(folder)).mode & OTHERS_ENTER) === 0) return folder
  }
  return undefined
}
