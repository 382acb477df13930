// All commands of `postwolke`, and how each of them may end: 0, or one line that says what was wrong and a number of failure.ts.

import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { printable } from '#shared/runtime/printable.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { leavesOf, pathOf } from './command-tree.ts'
import type { Process } from './context.ts'
import { createDefine, type Define } from './define.ts'
import { CommandFailure, exitCode } from './failure.ts'

/** In the order of the help. Only the one that is asked for is loaded: a command starts in half the time. */
const commands: { readonly [name: string]: (parent: Command, deps: Deps) => Promise<void> } = {
  serve: async (parent, { process, version }) =>
    (await import('./serve.ts')).serveCommand(parent, process, version),
  install: async (parent, { process }) =>
    (await import('./install.ts')).installCommand(parent, process),
  uninstall: async (parent, { process }) =>
    (await import('./install.ts')).uninstallCommand(parent, process),
  status: async (parent, { process }) =>
    (await import('./status.ts')).statusCommand(parent, process),
  usage: async (parent, { define }) => (await import('./usage.ts')).usageCommand(parent, define),
  doctor: async (parent, { define }) => (await import('./doctor.ts')).doctorCommand(parent, define),
  domain: async (parent, { define }) =>
    (await import('./domain.ts')).domainCommands(parent, define),
  account: async (parent, { define }) =>
    (await import('./account.ts')).accountCommands(parent, define),
  greylist: async (parent, { define }) =>
    (await import('./greylist.ts')).greylistCommands(parent, define),
  'held-login': async (parent, { define }) =>
    (await import('./held-logins.ts')).heldLoginCommands(parent, define),
  role: async (parent, { define }) => (await import('./role.ts')).roleCommands(parent, define),
  token: async (parent, { define }) => (await import('./token.ts')).tokenCommands(parent, define),
  owner: async (parent, { define }) => (await import('./owner.ts')).ownerCommands(parent, define),
  audit: async (parent, { define }) => (await import('./audit.ts')).auditCommands(parent, define),
  front: async (parent, { define }) => (await import('./front.ts')).frontCommands(parent, define),
  alias: async (parent, { define }) => (await import('./alias.ts')).aliasCommands(parent, define),
  access: async (parent, { define }) =>
    (await import('./access.ts')).accessCommands(parent, define),
  srs: async (parent, { define }) => (await import('./srs.ts')).srsCommands(parent, define),
  dkim: async (parent, { define }) => (await import('./dkim.ts')).dkimCommands(parent, define),
  acl: async (parent, { define }) => (await import('./acl.ts')).aclCommands(parent, define),
  sieve: async (parent, { process, define }) =>
    (await import('./sieve.ts')).sieveCommands(parent, process, define),
  import: async (parent, { process, define }) =>
    (await import('./moving.ts')).movingCommands(parent, process, define),
  export: async (parent, { define }) =>
    (await import('./export.ts')).exportCommands(parent, define),
  queue: async (parent, { define }) => (await import('./queue.ts')).queueCommands(parent, define),
  quarantine: async (parent, { define }) =>
    (await import('./quarantine.ts')).quarantineCommands(parent, define),
  postfix: async (parent, { process }) =>
    (await import('./postfix/link.ts')).postfixCommands(parent, process),
  trace: async (parent, { define }) => (await import('./trace.ts')).traceCommand(parent, define),
  migrate: async (parent, { process, define }) =>
    (await import('./migrate.ts')).migrateCommands(parent, process, define),
  search: async (parent, { define }) => (await import('./search.ts')).searchCommand(parent, define),
  job: async (parent, { define }) => (await import('./job.ts')).jobCommands(parent, define),
  storage: async (parent, { define }) =>
    (await import('./storage.ts')).storageCommands(parent, define),
  config: async (parent, { process }) =>
    (await import('./config.ts')).configCommands(parent, process),
  setting: async (parent, { define }) =>
    (await import('./setting.ts')).settingCommands(parent, define),
  policy: async (parent, { process, define }) =>
    (await import('./policy.ts')).policyCommands(parent, process, define),
  backup: async (parent, { process }) =>
    (await import('./backup.ts')).backupCommand(parent, process),
  restore: async (parent, { process }) =>
    (await import('./restore.ts')).restoreCommand(parent, process),
  move: async (parent, { process }) => (await import('./move.ts')).moveCommands(parent, process),
  check: async (parent, { define }) => (await import('./check.ts')).checkCommand(parent, define),
  compact: async (parent, { process }) =>
    (await import('./compact.ts')).compactCommand(parent, process),
  completion: async (parent, { process, createTree }) =>
    (await import('./completion.ts')).completionCommand(parent, process, createTree),
  man: async (parent, { process, createTree }) =>
    (await import('./man.ts')).manCommand(parent, process, createTree),
  login: async (parent, { process }) =>
    (await import('./sign-in.ts')).loginCommand(parent, process),
  logout: async (parent, { process }) =>
    (await import('./sign-in.ts')).logoutCommand(parent, process),
  whoami: async (parent, { process }) =>
    (await import('./sign-in.ts')).whoamiCommand(parent, process),
}

type Deps = {
  readonly process: Process
  readonly define: Define
  readonly version: string
  /** All commands. */
  readonly createTree: () => Promise<Command>
}

/** Runs the command in these words; resolves to the exit code. Rejects only for bugs. */
export async function runCommandLine(words: readonly string[], process: Process): Promise<number> {
  try {
    const asked = helpAsOption(words)
    const program = await createProgram(process, asked)
    await program.parseAsync(asked, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCode('usage')
    if (!(error instanceof Error) || !isExpected(error)) throw error
    for (const line of error.message.split('\n')) process.say(`postwolke: ${printable(line)}\n`)
    return exitOf(error)
  }
}

function exitOf(error: Error): number {
  if (error instanceof CommandFailure) return error.exitStatus
  return exitCode(error instanceof TemporaryFailure ? 'temporary' : 'unavailable')
}

function isExpected(error: Error): boolean {
  const kinds = [CommandFailure, StartFailure, StorageMisuse, TemporaryFailure]
  return kinds.some((kind) => error instanceof kind)
}

/** `help account` and `account help` are `account --help`. */
function helpAsOption(words: readonly string[]): readonly string[] {
  const at = words.indexOf('help')
  if (at !== 0 && at !== 1) return words
  const rest = words.toSpliced(at, 1)
  const [first] = rest
  if (first !== undefined && !Object.hasOwn(commands, first)) {
    throw new CommandFailure(`unknown command '${first}'; see 'postwolke --help'`, 'usage')
  }
  return [...rest, '--help']
}

/** It guesses what was meant on a second line. */
const lineOf = (message: string) =>
  message
    .trimEnd()
    .replace(/^error/, 'postwolke')
    .replaceAll('\n', ' ')

/** With all commands, or that of the first word alone. */
export async function createProgram(process: Process, words: readonly string[]): Promise<Command> {
  const [first] = words
  const program = new Command('postwolke')
    .description('A complete mail service')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureHelp({ subcommandTerm })
    .configureOutput({
      writeOut: process.write,
      writeErr: process.say,
      outputError: (message, write) => write(`${lineOf(message)}; see 'postwolke --help'\n`),
    })
  const hasServer = words.some((word) => /^--server(=|$)/.test(word))
  const deps: Deps = {
    process,
    define: createDefine(process),
    version: version(),
    createTree: () => createProgram(process, []),
  }
  const wanted =
    first === '--version' ? [] : Object.hasOwn(commands, first ?? '') ? [first] : undefined
  for (const [name, add] of Object.entries(commands)) {
    if (wanted === undefined || wanted.includes(name)) await add(program, deps)
  }
  if (hasServer) for (const command of leavesOf(program)) refuseServer(command)
  if (words.some((word) => word === '--help' || word === '-h')) {
    const { addExamples } = await import('./examples.ts')
    addExamples(program)
  }
  for (const group of [program, ...program.commands]) {
    if (group.commands.length > 0) group.usage('<command> [options]').helpCommand(false)
  }
  return program
}

/** Of a command that works on files of this machine. */
function refuseServer(command: Command): void {
  if (command.options.some(({ long }) => long === '--server')) return
  command.addOption(new Option('--server <url>').hideHelp())
  command.hook('preAction', () => {
    throw new CommandFailure(
      `'postwolke ${pathOf(command)}' works on the machine itself, and not on a server`,
      'usage',
    )
  })
}

/** Groups show what is in them: `queue list|show|…`. */
function subcommandTerm(command: Command): string {
  const names = command.commands.map((inner) => inner.name()).join('|')
  const words = command.registeredArguments.map((argument) => {
    const word = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? `<${word}>` : `[${word}]`
  })
  return [command.name(), ...(names === '' ? words : [names])].join(' ')
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version }: { readonly version: string } = JSON.parse(text)
  return version
}
