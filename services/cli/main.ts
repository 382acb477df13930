// The `postwolke` command: serve, and everything an administrator does to a running or stopped system.

import { buffer } from 'node:stream/consumers'

// A server is told to reload by it, and must not die of it before it listens.
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined)

// `postwolke queue list | head`: whoever stops reading has seen enough. A server goes on without its log.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

// Mail and password hashes are nobody else's, in whatever folder an administrator puts them.
process.umask(0o077)

const { runCommandLine } = await import('./program.ts')
process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  write: (output) => void process.stdout.write(output),
  isTerminal: process.stdout.isTTY === true,
  say: (output) => void process.stderr.write(output),
  readStdin(question) {
    if (process.stdin.isTTY) process.stderr.write(question)
    return buffer(process.stdin)
  },
})
