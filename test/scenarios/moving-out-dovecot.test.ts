// Who moves out takes everything along: Debian's Dovecot shows an exported Maildir to mail programs as we showed it, and an import of it is the
// same again. An export that is killed goes on where it was.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dovecot, hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap, seenByPop3 } from '#test/support/mailbox-over-wire.ts'
import { must } from '#test/support/must.ts'
import { runProgram } from '#test/support/program.ts'
import { seededRandom } from '#test/support/seed.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const login = 'ann@example.org'
const password = 'secretword'
const MESSAGES = 300
const KILLS = 5
const folders = [
  ...['INBOX', '"Work/2024"', '"Work/2024/a.b"', 'KEntw&APw-rfeAPw-he', '~old', '"A &- B"'],
  ...['"back\\\\slash"', 'INBOX/below', 'Sent'],
]
const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))
const settings = ['disablePlaintextAuth=loopback-allowed']
/** What a name has that Maildir++ cannot have is escaped, and Dovecot told so. */
const dovecotSettings = [
  'mail_plugins = listescape',
  'namespace inbox {\n  inbox = yes\n  separator = /\n}',
]

describe.skipIf(!hasDovecot())('an account that moves out', () => {
  const resources = new AsyncDisposableStack()
  let dovecot: Dovecot
  let server: ServerProcess
  let data: string
  let out: string

  beforeAll(async () => {
    const there = resources.use(await temporaryFolder())
    dovecot = resources.use(
      await startDovecot(there.path, [{ name: login, password }], { settings: dovecotSettings }),
    )
    out = join(dovecot.mail, login)
    data = join(resources.use(await temporaryFolder()).path, 'data')
    await account(data)
    server = resources.use(await startServer(data, await freePorts(), settings))
    await fill(server.ports.imap)
  }, 240_000)
  afterAll(() => resources.disposeAsync())

  async function account(folder: string): Promise<void> {
    await postwolke(folder, 'domain', 'add', 'example.org')
    const user = `${login}:{PLAIN}${password}::::::\n`
    expect(await runCommand(folder, ['account', 'import', '-'], user)).toMatchObject({ code: 0 })
  }

  async function postwolke(folder: string, ...words: readonly string[]) {
    const ended = await runCommand(folder, words)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended
  }

  const exported = (...more: readonly string[]) =>
    postwolke(data, 'export', 'maildir', '--account', login, '--to', out, ...more)

  async function seen(ports: { readonly imap: number; readonly pop3: number }) {
    const mail = await seenByImap({ port: ports.imap, login, password })
    const pop = await seenByPop3({ port: ports.pop3, login, password })
    return { mail, pop }
  }

  async function subscribed(port: number): Promise<readonly string[]> {
    const client = await ImapClient.connect(port)
    await client.ok(`LOGIN ${login} ${password}`)
    const { untagged } = await client.ok('LSUB "" *')
    client.close()
    const names = untagged.map((line) => line.replace(/^LSUB \([^)]*\) "." /, ''))
    return names.map((name) => name.replace(/^"(.*)"$/, '$1')).sort()
  }

  it(`is whole although the export is killed ${KILLS} times`, async () => {
    const random = seededRandom('kills of an export')
    let kills = 0
    while (kills < KILLS) {
      const child = spawn(
        process.execPath,
        [cli, 'export', 'maildir', '--account', login, '--to', out, '--data', data],
        { stdio: 'ignore' },
      )
      const ended = once(child, 'exit')
      // Not before it has begun to write, which is where it may go wrong.
      while (child.exitCode === null && (await filesIn(out)) < 20 * kills) await turn()
      await new Promise((resolve) => setTimeout(resolve, random() * 60))
      child.kill('SIGKILL')
      await ended
      kills++
    }
    const before = await filesIn(out)
    expect(before).toBeGreaterThan(0)
    await exported()
    const { stdout } = await exported('--verify', '--json')
    const sum = (of: string) =>
      JSON.parse(stdout).folders.reduce(
        (all: number, folder: Record<string, number>) => all + must(folder[of]),
        0,
      )
    expect([sum('equal'), sum('differencesCount'), sum('others')]).toEqual([MESSAGES - 11, 0, 0])
  }, 240_000)

  it('follows what is changed and removed here, and says what was damaged there', async () => {
    const client = await ImapClient.connect(server.ports.imap)
    await client.ok(`LOGIN ${login} ${password}`)
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 20:30 +FLAGS (\\Flagged $Later)')
    await client.ok('UID STORE 12 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
    client.close()
    const stale = await runCommand(data, [
      ...['export', 'maildir', '--account', login, '--to', out, '--verify'],
    ])
    expect(stale).toMatchObject({ code: 1 })
    expect(stale.stderr).toContain('INBOX: uid 20: flags')
    await exported()
    await exported('--verify')
  }, 120_000)

  it('is the same to mail programs at Dovecot', async () => {
    const here = await seen(server.ports)
    // What is read over POP3 is \\Seen at Dovecot.
    await cp(out, join(data, 'untouched'), { recursive: true, preserveTimestamps: true })
    await runProgram('chown', ['-R', 'nobody', out])
    const there = await seen(dovecot.ports)
    expect(there.mail).toEqual(here.mail)
    expect(there.pop).toEqual(here.pop)
    expect(here.pop.length).toBeGreaterThan(100)
    expect(await subscribed(dovecot.ports.imap)).toEqual(await subscribed(server.ports.imap))
    expect(await dovecot.log()).not.toMatch(/Error|Warning|corrupt/i)
  }, 120_000)

  it('is not written over what a server uses', async () => {
    const again = await runCommand(data, [
      ...['export', 'maildir', '--account', login, '--to', out],
    ])
    expect(again).toMatchObject({ code: 73 })
    expect(again.stderr).toContain('a mail server uses this folder already')
  })

  it('comes back by an import as it went', async () => {
    const back = join(resources.use(await temporaryFolder()).path, 'data')
    await account(back)
    await postwolke(back, 'import', 'maildir', join(data, 'untouched'), '--account', login)
    const second = resources.use(await startServer(back, await freePorts(), settings))
    expect(await seen(second.ports)).toEqual(await seen(server.ports))
    expect(await subscribed(second.ports.imap)).toEqual(await subscribed(server.ports.imap))
  }, 120_000)
})

const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

async function filesIn(root: string): Promise<number> {
  const names = await readdir(join(root, 'cur')).catch(() => [])
  return names.length
}

async function fill(port: number): Promise<void> {
  const random = seededRandom('an account that moves out')
  const client = await ImapClient.connect(port)
  await client.ok(`LOGIN ${login} ${password}`)
  for (const folder of folders.slice(1, -1)) await client.ok(`CREATE ${folder}`)
  await client.ok('SUBSCRIBE "Work/2024/a.b"')
  await client.ok('SUBSCRIBE KEntw&APw-rfeAPw-he')
  for (let n = 0; n < MESSAGES; n++) {
    const folder =
      n % 2 === 0 ? 'INBOX' : must(folders[1 + (Math.floor(n / 2) % (folders.length - 1))])
    const flags = [
      '\\Seen',
      '\\Flagged',
      '\\Answered',
      '\\Draft',
      '$Label1',
      '$Forwarded',
      'NonJunk',
    ]
      .filter(() => random() < 0.3)
      .join(' ')
    const day = 1 + Math.floor(random() * 28)
    const date = `${String(day).padStart(2, '0')}-Mar-20${10 + (n % 15)} 07:08:09 +0100`
    const text = letter(n)
    await client.ok(`APPEND ${folder} (${flags}) "${date}" {${text.length}}`, `${text}\r\n`)
  }
  // Gone again, so that uids have gaps and the next one is not the last plus one.
  await client.ok('SELECT INBOX')
  await client.ok('UID STORE 3,9:11,70:75,150 +FLAGS (\\Deleted)')
  await client.ok('EXPUNGE')
  client.close()
}

function letter(n: number): string {
  const head = `From: Sender <s${n}@example.com>\r\nSubject: number ${n}\r\nStatus: of n\r\n`
  const kinds = [
    `${head}\r\n`,
    `${head}Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe \xa4\xff\r\n`,
    'no header at all\r\n\r\nFrom the beginning\r\n.\r\n..\r\n',
    `${head}\r\n${'a line of a message that is long\r\n'.repeat(3_000)}`,
    `${head}\r\nends without a line end`,
    `${head}\r\n${'x'.repeat(3_000)}\r\n`,
    `${head}\r\na CR\r\r\nand another \r alone\r\n`,
  ]
  return must(kinds[n % kinds.length])
}
