// Sieve scripts of an account of Dovecot: `.dovecot.sieve` is the active one, mostly a link into `sieve/`.

import { readdir, realpath } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { type OwnFiles, ownFiles } from '../own-files.ts'
import type { SourceScript } from '../source.ts'

const SCRIPT_BYTES_MAX = 1024 ** 2
const SCRIPTS_MAX = 100
const SUFFIX = '.sieve'

export async function readScripts(
  homes: readonly string[],
  note: (about: string, reason: string) => void,
): Promise<readonly SourceScript[]> {
  for (const home of homes) {
    const scripts = await scriptsIn(home, note)
    if (scripts.length > 0) return scripts
  }
  return []
}

async function scriptsIn(
  home: string,
  note: (about: string, reason: string) => void,
): Promise<readonly SourceScript[]> {
  const own = ownFiles(home)
  const folder = join(home, 'sieve')
  const names = (await readdir(folder).catch(() => [])).filter(
    (name) => name.endsWith(SUFFIX) && !name.startsWith('.'),
  )
  if (names.length > SCRIPTS_MAX) note(folder, `more than ${SCRIPTS_MAX} scripts`)
  const active = await realpath(join(home, '.dovecot.sieve')).catch(() => undefined)
  const scripts: SourceScript[] = []
  for (const name of names.sort().slice(0, SCRIPTS_MAX)) {
    const path = join(folder, name)
    const source = await scriptBytes(own, path, note)
    const isActive = active !== undefined && active === (await realpath(path).catch(() => ''))
    if (source) scripts.push({ name: name.slice(0, -SUFFIX.length), source, active: isActive })
  }
  if (active === undefined || scripts.some((script) => script.active)) return scripts
  // A link that leads out of the home may lead anywhere.
  if (!active.startsWith((await realpath(home)) + sep)) {
    note(join(home, '.dovecot.sieve'), 'is a link that leads elsewhere, and is not followed')
    return scripts
  }
  const source = await scriptBytes(own, active, note)
  // Where there are no links, as in a zip, it is a copy.
  const copied = scripts.findIndex(
    (script) => source && Buffer.compare(script.source, source) === 0,
  )
  if (copied >= 0) return scripts.map((script, i) => ({ ...script, active: i === copied }))
  const name = basename(active) === '.dovecot.sieve' ? 'dovecot' : basename(active, SUFFIX)
  return source ? [...scripts, { name, source, active: true }] : scripts
}

async function scriptBytes(
  own: OwnFiles,
  path: string,
  note: (about: string, reason: string) => void,
): Promise<Uint8Array | undefined> {
  const opened = await own.open(path)
  if (opened.kind === 'refused') note(path, opened.reason)
  if (opened.kind !== 'file') return undefined
  await using file = opened.file
  if (opened.stats.size <= SCRIPT_BYTES_MAX) return await file.readFile()
  note(path, `has more than ${SCRIPT_BYTES_MAX} bytes`)
  return undefined
}
