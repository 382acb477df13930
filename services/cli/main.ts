// The `postwolke` command: serve, and everything an administrator does to a running or stopped system.

import { text } from 'node:stream/consumers'
import { Command, CommanderError } from 'commander'
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
  readStdin: () => text(process.stdin),
}

const program = new Command('postwolke')
  .description('A complete mail service')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()

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
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else if (error instanceof CommandFailure || error instanceof StorageMisuse) {
    process.stderr.write(`postwolke: ${error.message.replaceAll('\n', '\npostwolke: ')}\n`)
    process.exitCode = 1
  } else if (isAddressInUse(error)) {
    process.stderr.write(`postwolke: ${error.message}; another server is using the port\n`)
    process.exitCode = 1
  } else throw error
}

function isAddressInUse(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
