// The `postwolke` command: serve, and everything an administrator does to a running or stopped system.

import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'

// A server is told to reload by it, and must not die of it before it listens.
if (process.argv[2] === 'serve') process.on('SIGHUP', () => undefined)

// `postwolke queue list | head`: whoever stops reading has seen enough. A server goes on without its log.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

// Mail and password hashes are nobody else's, in whatever folder an administrator puts them.
process.umask(0o077)

const [{ runCommandLine }, { personAt }] = await Promise.all([
  import('./program.ts'),
  import('./terminal.ts'),
])

const say = (output: string) => void process.stderr.write(output)

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  write: (output) => void process.stdout.write(output),
  async writeBytes(bytes) {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
  },
  isTerminal: process.stdout.isTTY === true,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  say,
  person: process.stdin.isTTY ? personAt(process.stdin, say) : undefined,
  become: process.getuid?.() === 0 ? become : undefined,
  readStdin(question) {
    if (process.stdin.isTTY) say(question)
    return buffer(process.stdin)
  },
})

function become({ uid, gid }: { readonly uid: number; readonly gid: number }): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
}
