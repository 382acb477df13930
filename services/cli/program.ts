// All commands of `postwolke`, and how each of them may end: 0, or one line that says what was wrong and 1.

import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { printable } from '#shared/runtime/printable.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { accountCommands } from './account.ts'
import { aclCommands } from './acl.ts'
import { aliasCommands } from './alias.ts'
import { configCommands } from './config.ts'
import type { Process } from './context.ts'
import { createDefine } from './define.ts'
import { domainCommands } from './domain.ts'
import { CommandFailure } from './failure.ts'
import { queueCommands } from './queue.ts'
import { restoreCommand } from './restore.ts'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import { storageCommands } from './storage.ts'

/** Runs the command in these words; resolves to the exit code. Rejects only for bugs. */
export async function runCommandLine(words: readonly string[], process: Process): Promise<number> {
  try {
    await createProgram(process).parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    if (!(error instanceof Error) || !isExpected(error)) throw error
    for (const line of error.message.split('\n')) process.say(`postwolke: ${printable(line)}\n`)
    return 1
  }
}

function isExpected(error: Error): boolean {
  const kinds = [CommandFailure, StartFailure, StorageMisuse, TemporaryFailure]
  return kinds.some((kind) => error instanceof kind)
}

function createProgram(process: Process): Command {
  const program = new Command('postwolke')
    .description('A complete mail service')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureHelp({ subcommandTerm })
    .configureOutput({
      writeOut: process.write,
      writeErr: process.say,
      outputError: (message, write) =>
        write(`${message.trimEnd().replace(/^error/, 'postwolke')}; see 'postwolke --help'\n`),
    })
  const define = createDefine(process)
  serveCommand(program, process, version())
  statusCommand(program, process)
  domainCommands(program, define)
  accountCommands(program, define)
  aliasCommands(program, define)
  aclCommands(program, define)
  queueCommands(program, define)
  storageCommands(program, define)
  configCommands(program, process)
  restoreCommand(program, process)
  for (const group of [program, ...program.commands]) {
    if (group.commands.length > 0) group.usage('<command> [options]').helpCommand(false)
  }
  return program
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
