// The servers that are measured side by side, each a process of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts, startServer } from '#test/support/server-process.ts'

export type Measured = { readonly pid: number; readonly port: number; stop(): Promise<void> }

export async function startFloor(
  mode: 'smtp' | 'pop3' | 'imap',
  argument: string,
): Promise<Measured> {
  const file = fileURLToPath(new URL('floor.ts', import.meta.url))
  const child = spawn(process.execPath, [file, mode, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    port: Number(String(line)),
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Ours at default durability, logging one line per decision into a pipe that is read. */
export async function startOurs(directory: string, settings: readonly string[] = []) {
  const server = await startServer(directory, await freePorts(), [
    'clientConnectionCountLimit=1000',
    'mailboxSizeLimit=100GB',
    ...settings,
  ])
  return { ...server, stop: () => server.end('SIGTERM').then(() => {}) }
}

export const scratch = (parent: string, name: string) => mkdtemp(join(parent, `${name}-`))
