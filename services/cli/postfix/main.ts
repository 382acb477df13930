// `postwolke-postfix`: Postfix's commands. The first word says which, or the name that it is called by (postwolke-postfix.mjs).

import { once } from 'node:events'
import { userInfo } from 'node:os'
import { runPostfixCommand } from './commands.ts'

// `mailq | head`: whoever stops reading has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

process.umask(0o077)

const uid = process.getuid?.() ?? 0
process.exitCode = await runPostfixCommand(process.argv.slice(2), {
  environment: process.env,
  write: (output) => void process.stdout.write(output),
  isTerminal: process.stdout.isTTY === true,
  say: (output) => void process.stderr.write(output),
  become: uid === 0 ? become : undefined,
  readStdin: async () => Buffer.concat(await Array.fromAsync(process.stdin)),
  stdin: process.stdin,
  user: { uid, name: nameOf(uid) },
  async writeBytes(bytes) {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
  },
})

function nameOf(id: number): string {
  try {
    return userInfo().username
  } catch {
    return String(id)
  }
}

function become({ uid: to, gid }: { readonly uid: number; readonly gid: number }): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(to)
}
