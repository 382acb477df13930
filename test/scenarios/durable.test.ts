// What a client is told is on the disk before it is told: fsync of the store, and of the file of a large message and its folder, between
// the last byte of the message and the 250.

import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ImapClient } from '#test/support/imap-client.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { canTraceCalls, traceCalls } from '#test/support/system-calls.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const ADDRESS = 'ann@example.test'
const small = `Subject: small\r\n\r\ntext\r\n`
/** Larger than what is kept inside the store. */
const large = `Subject: large\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(3_000)}`

async function withServer(run: (server: ServerProcess) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder()
  await runCommand(folder.path, ['domain', 'add', 'example.test'])
  await runCommand(folder.path, ['account', 'add', ADDRESS, '--password-stdin'], 'secretword')
  await using server = await startServer(folder.path, await freePorts(), [
    'disablePlaintextAuth=false',
  ])
  await run(server)
  await server.end('SIGTERM')
}

/** The calls after the last bytes came from the client and before the answer was written to it. */
function between(calls: readonly string[], answer: string): readonly string[] {
  const isWrite = (call: string) => / (?:writev?|send\w*)\(\d+<socket:/.test(call)
  const isRead = (call: string) => / (?:read|recv\w*)\(\d+<socket:/.test(call)
  const to = calls.findIndex((call) => isWrite(call) && call.includes(answer))
  if (to < 0) throw new Error(`no ${answer} in\n${calls.slice(-30).join('\n')}`)
  const before = calls.slice(0, to)
  const from = before.findLastIndex((call) => isRead(call) && !call.includes(' = -1 '))
  if (from < 0) throw new Error(`nothing was read in\n${before.join('\n')}`)
  return before.slice(from)
}

const syncs = (calls: readonly string[], path: RegExp) =>
  calls.filter(
    (call) => / f(?:data)?sync\(| msync\(/.test(call) && path.test(call) && call.endsWith('= 0'),
  )

const CALLS = [
  'read',
  'recvfrom',
  'write',
  'writev',
  'sendto',
  'sendmsg',
  'fsync',
  'fdatasync',
  'msync',
]

describe.skipIf(!(await canTraceCalls()))('before the answer [rights]', () => {
  it.each([
    ['a small message', small],
    ['a large message', large],
  ])('%s by SMTP is synced', async (what, message) => {
    await withServer(async ({ pid, ports }) => {
      const client = await SmtpClient.open(ports.smtp)
      await client.hello()
      await client.envelope('a@far.example', ADDRESS)
      await client.command('NOOP')
      await using trace = await traceCalls(pid, CALLS)
      expect((await client.data(message)).code).toBe(250)
      const calls = between(await trace.end(), '"250 ')
      expect(syncs(calls, /store\.mdb/)).not.toEqual([])
      if (what === 'a large message') {
        // The file, then the folder that names it.
        const paths = syncs(calls, /\/objects\//).map((call) => /<([^>]*)>/.exec(call)?.[1] ?? '')
        const file = paths.findIndex((path) => /^[0-9a-f]{16,}$/.test(basename(path)))
        expect(paths.slice(file + 1)).toContain(dirname(paths[file] ?? ''))
      }
      await client.quit()
    })
  })

  it('a message by APPEND is synced', async () => {
    await withServer(async ({ pid, ports }) => {
      const client = await ImapClient.login(ports.imap)
      await using trace = await traceCalls(pid, CALLS)
      await client.append('INBOX', small)
      const calls = between(await trace.end(), ' OK ')
      expect(syncs(calls, /store\.mdb/)).not.toEqual([])
    })
  })
})
