// The `postwolke` command: serve, and everything an administrator does to a running or stopped system.

import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { Command, CommanderError } from 'commander'
import { StartFailure } from '#services/local/start-failure.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { accountCommands } from './account.ts'
import { aliasCommands } from './alias.ts'
import { configCommands } from './config.ts'
import type { Process } from './context.ts'
import { createDefine } from './define.ts'
import { domainCommands } from './domain.ts'
import { CommandFailure } from './failure.ts'
import { queueCommands } from './queue.ts'
import { serveCommand } from './serve.ts'

const surroundings: Process = {
  environment: process.env,
  write: (output) => void process.stdout.write(output),
  say: (output) => void process.stderr.write(output),
  readStdin(question) {
    if (process.stdin.isTTY) process.stderr.write(question)
    return text(process.stdin)
  },
}

// `postwolke queue list | head`: whoever stops reading has seen enough. A server goes on without its log.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const program = new Command('postwolke')
  .description('A complete mail service')
  .usage('<command> [options]')
  .version(version(), '--version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .helpCommand(false)
  .exitOverride()
  .configureHelp({ subcommandTerm })
  .configureOutput({
    outputError: (message, write) => write(message.replace(/^error/, 'postwolke')),
  })
  .showHelpAfterError("'postwolke --help' lists the commands, --help behind a command its options")

const define = createDefine(surroundings)
serveCommand(program, surroundings)
domainCommands(program, define)
accountCommands(program, define)
aliasCommands(program, define)
queueCommands(program, define)
configCommands(program, surroundings)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = fail(error)
}

function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode
  const isExpected = [CommandFailure, StartFailure, StorageMisuse, TemporaryFailure].some(
    (kind) => error instanceof kind,
  )
  if (!isExpected || !(error instanceof Error)) throw error
  process.stderr.write(`postwolke: ${error.message.replaceAll('\n', '\npostwolke: ')}\n`)
  return 1
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
