// Mail leaves as mboxes, and comes from mboxes: beside Debian's Dovecot, which reads what we wrote and whose mboxes we read, and shows mail programs the
// same in both.

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dovecot, hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type MailboxSeen, seenByImap } from '#test/support/mailbox-over-wire.ts'
import { runProgram } from '#test/support/program.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const password = 'secretword'
const users = ['ann@example.org', 'ben@example.org'] as const
const [ann, ben] = users
/** Of a server whose mail lies in mboxes. */
const dovecotSettings = [
  'mail_location = mbox:~/mail:INBOX=~/inbox',
  'mail_privileged_group = nogroup',
  'mbox_write_locks = fcntl',
  'namespace inbox {\n  inbox = yes\n  separator = /\n}',
]

describe.skipIf(!hasDovecot())('mboxes', () => {
  const resources = new AsyncDisposableStack()
  let dovecot: Dovecot
  let server: ServerProcess
  let data: string

  beforeAll(async () => {
    const there = resources.use(await temporaryFolder())
    const logins = users.map((name) => ({ name, password }))
    dovecot = resources.use(await startDovecot(there.path, logins, { settings: dovecotSettings }))
    data = join(resources.use(await temporaryFolder()).path, 'data')
    await postwolke('domain', 'add', 'example.org')
    const rows = users.map((user) => `${user}:{PLAIN}${password}::::::\n`).join('')
    expect(await runCommand(data, ['account', 'import', '-'], rows)).toMatchObject({ code: 0 })
    const settings = ['disablePlaintextAuth=loopback-allowed']
    server = resources.use(await startServer(data, await freePorts(), settings))
  }, 240_000)
  afterAll(() => resources.disposeAsync())

  async function postwolke(...words: readonly string[]) {
    const ended = await runCommand(data, words)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended
  }

  const seen = (login: string, { imap }: { readonly imap: number }) =>
    seenByImap({ port: imap, login, password })

  async function fill(login: string, port: number): Promise<void> {
    const client = await ImapClient.connect(port)
    await client.ok(`LOGIN ${login} ${password}`)
    for (const folder of ['Work', 'K&APw-he']) await client.ok(`CREATE ${folder}`)
    for (let n = 0; n < 60; n++) {
      const folder = ['INBOX', 'Work', 'K&APw-he'][n % 3]
      const flags = ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Label1', 'NonJunk']
        .filter((_, i) => (n >> i) % 2 === 1)
        .join(' ')
      const text = `Subject: n${n}\r\n\r\nFrom here on\r\n${'x\r\n'.repeat(n * 20)}${n % 7 === 0 ? '\r\n\r\n' : ''}`
      await client.ok(
        `APPEND ${folder} (${flags}) "0${1 + (n % 9)}-Mar-2011 07:08:09 +0000" {${text.length}}`,
        `${text}\r\n`,
      )
    }
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 3,9:11 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
    client.close()
  }

  it('of Dovecot come over with uids, flags and dates', async () => {
    await fill(ann, dovecot.ports.imap)
    const before = await seen(ann, dovecot.ports)
    const home = join(dovecot.mail, ann)
    // Its times are of its machine.
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
    const words = ['--account', ann, '--inbox', join(home, 'inbox'), '--timezone', zone]
    await postwolke('import', 'mbox', join(home, 'mail'), ...words)
    expect(Object.keys(before).toSorted()).toEqual(['INBOX', 'K\u00fche', 'Work'])
    expect(await seen(ann, server.ports)).toEqual(before)
    // Once more brings nothing.
    const again = await postwolke('import', 'mbox', join(home, 'mail'), ...words, '--json')
    const folders: { brought: number }[] = JSON.parse(again.stdout).mailboxes[0].folders
    expect(folders.map(({ brought }) => brought)).toEqual([0, 0, 0])
  }, 120_000)

  it('are read by Dovecot as we showed them, but for lines that had to be quoted', async () => {
    await fill(ben, server.ports.imap)
    const out = join(data, 'out')
    await postwolke('export', 'mbox', '--account', ben, '--to', out)
    expect(await readFile(join(out, 'INBOX'), 'latin1')).toContain('\n>From here on\n')
    const home = join(dovecot.mail, ben)
    await mkdir(join(home, 'mail'), { recursive: true })
    await cp(join(out, 'INBOX'), join(home, 'inbox'))
    await cp(join(out, 'Work'), join(home, 'mail', 'Work'))
    await cp(join(out, 'K\u00fche'), join(home, 'mail', 'K&APw-he'))
    await runProgram('chown', ['-R', 'nobody:nogroup', home])
    const [there, here] = [await seen(ben, dovecot.ports), await seen(ben, server.ports)]
    expect(withoutBytes(there)).toEqual(withoutBytes(here))
    expect(await dovecot.log()).not.toMatch(/Error|corrupt/i)
  }, 120_000)

  it('come back as they went', async () => {
    const back = join(data, 'back')
    const run = async (...words: readonly string[]) => {
      const ended = await runCommand(back, words)
      expect(ended, ended.stderr).toMatchObject({ code: 0 })
    }
    await run('domain', 'add', 'example.org')
    await writeFile(join(data, 'users'), `${ben}:{PLAIN}${password}::::::\n`)
    await run('account', 'import', join(data, 'users'))
    await run('import', 'mbox', join(data, 'out'), '--account', ben, '--unquote')
    const settings = ['disablePlaintextAuth=loopback-allowed']
    const second = resources.use(await startServer(back, await freePorts(), settings))
    expect(await seen(ben, second.ports)).toEqual(await seen(ben, server.ports))
  }, 120_000)

  it('are not taken for what Dovecot alone can read', async () => {
    const folder = join(data, 'sdbox')
    await mkdir(join(folder, 'mailboxes', 'INBOX', 'dbox-Mails'), { recursive: true })
    const ended = await runCommand(data, ['import', 'mbox', folder, '--account', ben])
    expect(ended).toMatchObject({ code: 66 })
    expect(ended.stderr).toContain('doveadm backup -u USER maildir:PATH')
  })
})

const withoutBytes = (seen: MailboxSeen) =>
  Object.fromEntries(
    Object.entries(seen).map(([name, { uidValidity, uidNext, messages }]) => [
      name,
      {
        uidValidity,
        uidNext,
        messages: messages.map((line) => line.split('|').slice(0, 3).join('|')),
      },
    ]),
  )
