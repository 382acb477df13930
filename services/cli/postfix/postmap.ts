// postmap(1), postalias(1) and newaliases(1): tables are in the directory and in force at once. A file becomes the table of its name; what is
// asked is asked there.

import { isIP } from 'node:net'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import { lookUpMaps } from '#shared/directory/maps.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import { parseTableRef, type TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { Context } from '../context.ts'
import { readImport, runImport } from '../import-run.ts'
import { explainRow, LineProblems } from '../import-text.ts'
import { refused } from '../refusal-text.ts'
import { withQueue } from './context.ts'
import { getopt } from './getopt.ts'
import { Fatal, type PostfixCommand, type PostfixProcess, say, warn } from './world.ts'

const LETTERS = 'bc:d:fFhimnNopq:rsuUvw'

export const postmap: PostfixCommand = (words, process) => {
  return run('postmap', words, process, { ask: askTable, make: importTable, list: listTable })
}

export const postalias: PostfixCommand = (words, process) => {
  return run('postalias', words, process, { ask: askAlias, make: importAliases, list: listAliases })
}

/** Other servers' packages run it after every install. */
export const newaliases: PostfixCommand = async (_words, process) => {
  say(
    process,
    'newaliases',
    "aliases are in the directory and in force at once; 'postwolke alias import /etc/aliases' takes a file over",
  )
  return 0
}

type Deeds = {
  readonly ask: (context: Context, table: string, key: string) => Promise<string | undefined>
  readonly make: (context: Context, file: string, given: Given) => Promise<void>
  readonly list: (context: Context, table: string) => Promise<void>
}
type Given = { readonly name: string; readonly process: PostfixProcess }

async function run(
  name: string,
  words: readonly string[],
  process: PostfixProcess,
  deeds: Deeds,
): Promise<number> {
  const given = getopt(words, LETTERS)
  const usage = `usage: ${name} [-c data_folder] [-q key] [-s] [map_type:]file...`
  if (typeof given === 'string') {
    process.say(`${name}: ${given}\n`)
    throw new Fatal(usage, 1)
  }
  const optionValue = (letter: string) => given.options.findLast(([one]) => one === letter)?.[1]
  const tables = given.rest
  if (tables.length === 0) throw new Fatal(usage, 1)
  if (optionValue('d') !== undefined) {
    throw new Fatal(
      `-d: '${name === 'postmap' ? 'postwolke access remove TABLE KEY' : 'postwolke alias remove ALIAS'}' takes an entry away`,
      1,
    )
  }
  const key = optionValue('q')
  const data = optionValue('c')
  return withQueue(process, data, async (context) => {
    if (key === '-') return askAll(context, tables, { process, deeds })
    if (key !== undefined) {
      for (const table of tables) {
        const found = await deeds.ask(context, table, key)
        if (found === undefined) continue
        process.write(`${found}\n`)
        return 0
      }
      return 1
    }
    for (const table of tables) {
      if (optionValue('s') !== undefined) await deeds.list(context, table)
      else await deeds.make(context, table, { name, process })
    }
    return 0
  })
}

/** Keys from standard input, one a line: those that are found are printed with what they say. */
async function askAll(
  context: Context,
  tables: readonly string[],
  { process, deeds }: { readonly process: PostfixProcess; readonly deeds: Deeds },
): Promise<number> {
  const text = (await buffer(Readable.from(process.stdin))).toString('utf8')
  let status = 1
  for (const key of text.split('\n').filter((line) => line !== '')) {
    for (const table of tables) {
      const found = await deeds.ask(context, table, key)
      if (found === undefined) continue
      process.write(`${key}\t${found}\n`)
      status = 0
      break
    }
  }
  return status
}

/** `hash:/etc/postfix/transport` is the table `transport`. */
function tableOf(text: string): TableRef {
  const [, type, file] = /^([a-z]+):(.*)$/.exec(text) ?? []
  if (type !== undefined && ['table', 'inline', 'static'].includes(type)) {
    const ref = parseTableRef(text)
    if (typeof ref === 'string') throw new Fatal(ref, 1)
    return ref
  }
  const ref = parseTableRef(`table:${basename(file ?? text)}`)
  if (typeof ref === 'string') throw new Fatal(ref, 1)
  return ref
}

async function askTable(
  { backend, administration }: Context,
  text: string,
  key: string,
): Promise<string | undefined> {
  const table = tableOf(text)
  if (table.kind === 'table') {
    const page = await administration.access.page({ table: table.name })
    if (page.kind !== 'page') {
      throw new Fatal(
        `open database ${text}: no table ${table.name}; '${importHint(table.name, text)}' makes it`,
        1,
      )
    }
  }
  const hit =
    isIP(key) === 0
      ? await lookUpMaps(backend.accessTables, [table], [key.toLowerCase()])
      : await backend.accessTables.lookupAddress(table, key)
  return hit?.result
}

const fileOf = (text: string) => text.replace(/^[a-z]+:/, '')
const importHint = (table: string, text: string) =>
  `postwolke access import ${table} ${fileOf(text)} --any-result`

async function importTable(context: Context, text: string, given: Given): Promise<void> {
  const table = tableOf(text)
  if (table.kind !== 'table') throw new Fatal(`${text} is written where it is used`, 1)
  const source = sourceOf(await readFileOf(text, given))
  const imported = await context.administration.access.import({
    table: table.name,
    source,
    replace: true,
    anyResult: true,
  })
  if (imported.kind === 'bad-value') throw refused(imported)
  if (imported.kind === 'faulty') {
    const problems = new LineProblems()
    for (const { line, refusal } of imported.problems) problems.add(line, explainRow(refusal))
    throw problems.failure('nothing was imported', imported.count)
  }
  warn(
    given.process,
    given.name,
    `${fileOf(text)} is in the directory now: settings name it table:${table.name}`,
  )
}

async function listTable({ administration, process }: Context, text: string): Promise<void> {
  const table = tableOf(text)
  if (table.kind !== 'table') throw new Fatal(`${text} is written where it is used`, 1)
  let after: string | undefined
  do {
    const page = await administration.access.page({ table: table.name, after })
    if (page.kind !== 'page') throw refused(page)
    for (const { key, result } of page.items) process.write(`${key}\t${result}\n`)
    after = page.next
  } while (after !== undefined)
}

async function askAlias(
  { administration, backend }: Context,
  _file: string,
  key: string,
): Promise<string | undefined> {
  const address = key.includes('@') ? key : `${key}@${originDomain(backend.settings)}`
  const found = await administration.aliases.show(address)
  return found.kind === 'alias' ? found.alias.targets.join(', ') : undefined
}

async function importAliases(context: Context, text: string, given: Given): Promise<void> {
  const file = fileOf(text)
  await readFileOf(text, given)
  await runImport(
    'aliases',
    file,
    { ...context, output: { print: () => undefined } },
    { update: true },
  )
}

async function listAliases({ administration, process }: Context): Promise<void> {
  let after: string | undefined
  do {
    const page = await administration.aliases.page({ after })
    if (page.kind !== 'page') throw refused(page)
    for (const { alias, targets } of page.items) process.write(`${alias}:\t${targets.join(', ')}\n`)
    after = page.next
  } while (after !== undefined)
}

async function readFileOf(text: string, { process }: Given): Promise<Uint8Array> {
  const file = fileOf(text)
  return readImport(file, process).catch((error: Error) => {
    throw new Fatal(`open ${file}: ${error.message.replace(/^cannot read the file: \w+: /, '')}`, 1)
  })
}
