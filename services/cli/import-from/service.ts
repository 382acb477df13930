// `postwolke import service`: what `export all` wrote beside lists, tables, scripts and mail, which have imports of their own.

import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type {
  Brought,
  BroughtOutcome,
  WrittenService,
} from '#shared/administration/moving/bring-written.ts'
import type { Context } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { explainRow } from '../import-text.ts'
import { columns, counted, warn } from '../output.ts'

export function importServiceCommand(parent: Command, define: Define): void {
  define(parent.command('service <folder>'), {
    about:
      "bring what 'export all' wrote beside lists and mail: limits, forwards, rights in folders, settings, and secrets that are in it",
    async run(context, [folder]) {
      const root = resolve(folder)
      if (!(await isFile(join(root, 'accounts.ndjson')))) {
        throw new CommandFailure(`${root} is nothing that 'export all' wrote`, 'noInput')
      }
      await bring(context, root)
    },
  })
}

async function bring({ administration, output, process }: Context, root: string): Promise<void> {
  const { bringWritten, broughtKinds } = await import(
    '#shared/administration/moving/bring-written.ts'
  )
  const counts = Object.fromEntries(
    broughtKinds.map((what) => [what, { added: 0, unchanged: 0, refused: 0 }]),
  ) as { readonly [what in Brought]: { added: number; unchanged: number; refused: number } }
  let refused = 0
  for await (const outcome of bringWritten(administration, await readService(root))) {
    const isRefused = outcome.kind === 'refused' || outcome.kind === 'no-row'
    counts[outcome.what][isRefused ? 'refused' : outcome.kind]++
    if (isRefused && ++refused <= REFUSED_SHOWN_MAX) warn(process, whyNot(outcome))
  }
  output.print(counts, (width) =>
    columns(
      ['WHAT', 'BROUGHT', 'WAS SO', 'REFUSED'],
      broughtKinds.map((what) => {
        const { added, unchanged, refused: no } = counts[what]
        return [what, String(added), String(unchanged), String(no)]
      }),
      width,
    ),
  )
  if (refused === 0) return
  throw new CommandFailure(
    `${counted(refused, 'item was', 'items were')} refused; everything else is as it was there`,
    'data',
  )
}

const REFUSED_SHOWN_MAX = 30

const whyNot = (outcome: BroughtOutcome) =>
  outcome.kind === 'refused'
    ? `${outcome.what} ${outcome.name}: ${explainRow(outcome.refusal)}`
    : `${outcome.what} ${outcome.name}: not as an export writes it`

/** An account with all its forwards. */
const LINE_CHARACTERS_MAX = 1024 ** 2
const SMALL_BYTES_MAX = 16 * 1024 ** 2

async function readService(root: string): Promise<WrittenService> {
  const { APP_PASSWORDS_FILE, KEYS_FOLDER, keyNameOf, SRS_FILE } = await import(
    '#shared/administration/moving/written-secrets.ts'
  )
  const rowsOf = (name: string) => rowsIn(join(root, name))
  async function* keys() {
    const folder = join(root, KEYS_FOLDER)
    for (const file of (await readdir(folder).catch(() => [])).sort()) {
      const name = keyNameOf(file)
      if (name !== undefined) yield { ...name, pem: await textOf(join(folder, file)) }
    }
  }
  return {
    domains: rowsOf('domains.ndjson'),
    accounts: rowsOf('accounts.ndjson'),
    grants: rowsOf('grants.ndjson'),
    settings: await objectIn(join(root, 'settings.json')),
    appPasswords: rowsOf(APP_PASSWORDS_FILE),
    signingKeys: keys(),
    srsSecrets: (await textOf(join(root, SRS_FILE)))
      .split('\n')
      .filter((line) => /^[\x21-\x7e]{1,200}$/.test(line)),
  }
}

async function* rowsIn(path: string): AsyncGenerator<unknown> {
  if (!(await isFile(path))) return
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    if (line !== '') yield line.length > LINE_CHARACTERS_MAX ? undefined : parsed(line)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function objectIn(path: string): Promise<{ readonly [name: string]: unknown }> {
  return { ...Object(parsed(await textOf(path))) }
}

/** '' where there is none: it was not taken along. */
async function textOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return ''
  if (found.size > SMALL_BYTES_MAX) throw new CommandFailure(`${path} is too large`, 'data')
  return await readFile(path, 'utf8').catch((error: Error) => {
    throw new CommandFailure(`cannot read ${path}: ${error.message}`, 'noInput')
  })
}

const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() === true
