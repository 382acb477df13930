// `postwolke man DIR`: manual pages of the same tree as the help, in mdoc(7): one of the program, and one of each of its commands.

import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '#shared/runtime/clock.ts'
import { pathOf } from './command-tree.ts'
import type { Process } from './context.ts'
import { withJson } from './context.ts'
import { examples } from './examples.ts'
import { CommandFailure, exits } from './failure.ts'
import { counted, createOutput } from './output.ts'

export function manCommand(
  parent: Command,
  process: Process,
  createTree: () => Promise<Command>,
): void {
  const man = withJson(parent.command('man <folder>')).description(
    'write manual pages into a folder: postwolke(1), and one of each command',
  )
  man.action(async (folder: string) => {
    const to = resolve(folder)
    const pages = manualPages(await createTree(), systemClock.now())
    try {
      await mkdir(to, { recursive: true })
      for (const { name, text } of pages) await writeFile(join(to, name), text)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new CommandFailure(`cannot write manual pages: ${why}`, 'noInput')
    }
    const { json } = man.opts<{ readonly json?: boolean }>()
    const output = createOutput(json === true, process.write, process.columns)
    output.print({ folder: to, pages: pages.map(({ name }) => name) }, () => [
      `${counted(pages.length, 'page')} written to ${to}`,
    ])
  })
}

type Page = { readonly name: string; readonly text: string }

export function manualPages(program: Command, nowMs: number): readonly Page[] {
  const date = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' }).format(
    nowMs,
  )
  return [overview(program, date), ...program.commands.map((command) => page(command, date))]
}

const head = (title: string, name: string, about: string, date: string) => [
  `.Dd ${date}`,
  `.Dt ${title.toUpperCase()} 1`,
  '.Os Postwolke',
  '.Sh NAME',
  `.Nm ${name}`,
  `.Nd ${safe(about)}`,
]

function overview(program: Command, date: string): Page {
  const lines = [
    ...head('postwolke', 'postwolke', 'a complete mail service', date),
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    'Runs the mail service, and looks at or changes one that runs or does not: on its data folder, on a deployment on AWS, or on a server.',
    '.Pp',
    'The commands are:',
    '.Bl -tag -width Ds',
    ...program.commands.flatMap((command) => [
      `.It Xr postwolke-${command.name()} 1`,
      safe(sentence(command.description())),
    ]),
    '.El',
    '.Sh ENVIRONMENT',
    '.Bl -tag -width Ds',
    ...Object.entries(environment).flatMap(([name, says]) => [`.It Ev ${name}`, safe(says)]),
    '.El',
    '.Sh FILES',
    '.Bl -tag -width Ds',
    '.It Pa postwolke.toml',
    'In the data folder: the settings.',
    '.It Pa ~/.config/postwolke/servers.json',
    'Tokens of the servers that this user signed in to.',
    '.El',
    '.Sh EXIT STATUS',
    '.Bl -tag -width Ds',
    ...Object.values(exits).flatMap(([code, says]) => [`.It ${code}`, safe(sentence(says))]),
    '.El',
    '.Sh SEE ALSO',
    ...program.commands
      .map((command) => command.name())
      .toSorted()
      .map((name, i, all) => `.Xr postwolke-${name} 1${i === all.length - 1 ? '' : ' ,'}`),
  ]
  return { name: 'postwolke.1', text: `${lines.join('\n')}\n` }
}

const environment = {
  POSTWOLKE_DATA: 'The data folder, in place of --data.',
  POSTWOLKE_AWS: 'The outputs file of a deployment, in place of --aws.',
  POSTWOLKE_SERVER: 'The server, in place of --server.',
  POSTWOLKE_TOKEN: 'A token for the server, in place of that of postwolke login.',
  POSTWOLKE_CONFIG: 'The configuration file, in place of --config.',
} as const

function page(command: Command, date: string): Page {
  const name = `postwolke-${command.name()}`
  const leaves = command.commands.length === 0 ? [command] : leavesBelow(command)
  const lines = [
    ...head(name, name, command.description(), date),
    '.Sh SYNOPSIS',
    ...leaves.flatMap((leaf, i) => [
      ...(i === 0 ? [] : ['.Pp']),
      `.Nm postwolke ${pathOf(leaf)}`,
      ...words(leaf),
      '.Op Ar options',
    ]),
    '.Sh DESCRIPTION',
    safe(sentence(command.description())),
    ...leaves.flatMap(section),
    '.Sh EXIT STATUS',
    'See',
    '.Xr postwolke 1 .',
    '.Sh EXAMPLES',
    '.Bd -literal',
    ...leaves.flatMap((leaf) => examples[pathOf(leaf)] ?? []).map(safe),
    '.Ed',
    '.Sh SEE ALSO',
    '.Xr postwolke 1',
  ]
  return { name: `${name}.1`, text: `${lines.join('\n')}\n` }
}

const leavesBelow = (group: Command): readonly Command[] =>
  group.commands.flatMap((one) => (one.commands.length === 0 ? [one] : leavesBelow(one)))

const words = (leaf: Command) =>
  leaf.registeredArguments.map((argument) => {
    const name = `${safe(argument.name())}${argument.variadic ? ' ...' : ''}`
    return argument.required ? `.Ar ${name}` : `.Op Ar ${name}`
  })

function section(leaf: Command): string[] {
  const options = leaf.options.filter(({ hidden, long }) => !hidden && long !== undefined)
  return [
    `.Ss postwolke ${pathOf(leaf)}`,
    safe(sentence(leaf.description())),
    ...(options.length === 0
      ? []
      : [
          '.Bl -tag -width Ds',
          ...options.flatMap(({ flags, description }) => [
            `.It ${flags.split(', ').map(flag).join(' , ')}`,
            safe(sentence(description)),
          ]),
          '.El',
        ]),
  ]
}

/** `--data <dir>` */
function flag(text: string): string {
  const [name = '', ...rest] = text.split(' ')
  const value = rest.join(' ').replaceAll(/[<>[\]]/g, '')
  const shown = `Fl ${safe(name.slice(1))}`
  return value === '' ? shown : `${shown} Ar ${safe(value)}`
}

const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

/** Text of ours as roff has it: no request at the beginning of a line, and nothing that it takes for an escape. */
function safe(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('…', '...').replaceAll('’', "'").trim()
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}
