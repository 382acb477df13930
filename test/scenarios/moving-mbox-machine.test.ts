// A machine of Unix users moves here: Postfix with /etc/aliases, spools in /var/mail, folders in ~/mail, Dovecot before them. Domains, accounts with their
// passwords, aliases and every message of every account are the same to mail programs afterwards, although the import was killed again and again and
// mail went on coming into the spools.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dovecot, hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap, seenByPop3 } from '#test/support/mailbox-over-wire.ts'
import { must } from '#test/support/must.ts'
import { seededRandom } from '#test/support/seed.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const KILLS = 20
const MESSAGES_EACH = 150
const NOBODY = 65_534
const password = 'secretword'
const names = ['ann', 'bob', 'cy', 'dora', 'eve', 'fred']
const address = (name: string) => `${name}@example.org`
const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))
/** Times between messages are of the machine. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

describe.skipIf(!hasDovecot())('a machine with mboxes and aliases', () => {
  const resources = new AsyncDisposableStack()
  let dovecot: Dovecot
  let server: ServerProcess
  let old: string
  let data: string
  let bring: readonly string[]

  beforeAll(async () => {
    old = resources.use(await temporaryFolder()).path
    const logins = names.map((name) => ({ name: address(name), password }))
    const spools = join(old, 'var-mail')
    await mkdir(spools)
    await chown(spools, NOBODY, NOBODY)
    dovecot = resources.use(
      await startDovecot(old, logins, {
        settings: [
          `mail_location = mbox:~/mail:INBOX=${spools}/%n`,
          'mail_privileged_group = nogroup',
          'mbox_write_locks = fcntl',
          'namespace inbox {\n  inbox = yes\n  separator = /\n}',
        ],
      }),
    )
    for (const name of names) await fill(name)
    const home = join(dovecot.mail, '%u')
    bring = [
      'import',
      'mbox',
      join(home, 'mail'),
      '--inbox',
      join(spools, '%n'),
      '--timezone',
      zone,
    ]
    data = join(resources.use(await temporaryFolder()).path, 'data')
  }, 240_000)
  afterAll(() => resources.disposeAsync())

  async function fill(name: string): Promise<void> {
    const random = seededRandom(`mbox of ${name}`)
    const client = await ImapClient.connect(dovecot.ports.imap)
    await client.ok(`LOGIN ${address(name)} ${password}`)
    // The last one never made a folder.
    const folders = name === names.at(-1) ? ['INBOX'] : ['INBOX', 'INBOX', 'Work', 'K&APw-he']
    for (const folder of new Set(folders.slice(2))) await client.ok(`CREATE ${folder}`)
    for (let n = 0; n < MESSAGES_EACH; n++) {
      const folder = must(folders[n % folders.length])
      const flags = ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Label1', 'NonJunk']
        .filter(() => random() < 0.3)
        .join(' ')
      const text = letter(name, n)
      const date = `${String(1 + (n % 28)).padStart(2, '0')}-Mar-2011 07:08:0${n % 10} +0000`
      await client.ok(`APPEND ${folder} (${flags}) "${date}" {${text.length}}`, `${text}\r\n`)
    }
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 3,9:11 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
    client.close()
  }

  /** As Postfix's local(8) writes into a spool: no uid, no length, lines quoted that could be taken for the beginning. */
  async function deliver(name: string, n: number): Promise<void> {
    const text = `Return-Path: <s${n}@example.com>\nX-Original-To: ${name}\nDelivered-To: ${address(name)}\nSubject: new ${n}\n\n>From the beginning\n${'y\n'.repeat(n)}`
    const day = String(1 + n).padStart(2, ' ')
    const from = `From s${n}@example.com  Mon Apr ${day} 10:11:12 2013\n`
    await appendFile(join(old, 'var-mail', name), `${from}${text}\n`)
  }

  async function postwolke(...words: readonly string[]) {
    const ended = await runCommand(data, words)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended.stdout
  }

  async function expectSame(): Promise<void> {
    for (const name of names) {
      const login = { login: address(name), password }
      const there = await seenByImap({ port: dovecot.ports.imap, ...login })
      expect(await seenByImap({ port: server.ports.imap, ...login }), name).toEqual(there)
      const pop3 = await seenByPop3({ port: dovecot.ports.pop3, ...login })
      expect(await seenByPop3({ port: server.ports.pop3, ...login }), name).toEqual(pop3)
    }
  }

  it('brings its domain, its users with their passwords and its aliases', async () => {
    const etc = join(old, 'etc', 'postfix')
    await mkdir(etc, { recursive: true })
    await writeFile(
      join(etc, 'main.cf'),
      [
        ...['compatibility_level = 3.6', 'myhostname = mail.example.org', 'myorigin = $mydomain'],
        'mydestination = $myhostname, $mydomain, localhost',
        'alias_maps = hash:/etc/aliases',
        `local_recipient_maps = $alias_maps inline:{ ${names.map((name) => `${name}=x`).join(', ')} }`,
        'mail_spool_directory = /var/mail',
      ].join('\n'),
    )
    await writeFile(join(etc, 'master.cf'), 'smtp inet n - y - - smtpd\n')
    await writeFile(join(old, 'etc', 'aliases'), 'root: ann\nsales: bob, cy\nabuse: root\n')
    const users = join(old, 'users')
    await postwolke('import', 'postfix', etc, '--root', old, '--passwd-file', users)
    const list = async (noun: string) => JSON.parse(await postwolke(noun, 'list', '--json'))
    const accounts: { address: string }[] = await list('account')
    expect(accounts.map((one) => one.address)).toEqual(names.map(address))
    const aliases: { alias: string; targets: string[] }[] = await list('alias')
    expect(aliases).toContainEqual({
      ...{ alias: 'sales@example.org', targets: ['bob@example.org', 'cy@example.org'] },
    })
    const pattern = ['--kind', 'mbox', ...bring.slice(3)]
    const plan = JSON.parse(await postwolke('import', 'plan', must(bring[2]), ...pattern, '--json'))
    expect(plan.total).toMatchObject({
      ...{ mailboxes: names.length, messages: names.length * (MESSAGES_EACH - 4), missing: 0 },
    })
  }, 60_000)

  it(`brings every message once although the import is killed ${KILLS} times`, async () => {
    const random = seededRandom('kills of an import of mboxes')
    let kills = 0
    let midway = 0
    for (;;) {
      const words = [cli, ...bring, '--parallel', '1', '--data', data]
      const child = spawn(process.execPath, words, { stdio: 'ignore' })
      const timer = setTimeout(
        () => {
          if (kills < KILLS) child.kill('SIGKILL')
        },
        350 + random() * 500,
      )
      const [code] = await once(child, 'exit')
      clearTimeout(timer)
      if (code === 0 && kills >= KILLS) break
      expect([0, null]).toContain(code)
      kills++
      if (code === null) midway++
    }
    expect(midway).toBeGreaterThan(0)
    const settings = ['disablePlaintextAuth=loopback-allowed']
    server = resources.use(await startServer(data, await freePorts(), settings))
    await expectSame()
  }, 120_000)

  it('brings what comes into the spools, before the old server has seen it and after', async () => {
    for (let n = 1; n <= 5; n++) for (const name of names.slice(0, 3)) await deliver(name, n)
    const folders = async () => {
      const { mailboxes } = JSON.parse(await postwolke(...bring, '--json'))
      const all: { brought: number; removed: number; otherUids: number }[] = mailboxes.flatMap(
        ({ folders: own }: { folders: object[] }) => own,
      )
      const sum = (of: (one: (typeof all)[number]) => number) =>
        all.reduce((total, one) => total + of(one), 0)
      return [sum((one) => one.brought), sum((one) => one.removed), sum((one) => one.otherUids)]
    }
    expect(await folders()).toEqual([15, 0, 0])
    // Now it numbers them; to mail programs they are what they were.
    for (const name of names) {
      await seenByImap({ port: dovecot.ports.imap, login: address(name), password })
      await dovecot.admin('mailbox', 'status', '-u', address(name), 'messages', 'INBOX')
      const client = await ImapClient.connect(dovecot.ports.imap)
      await client.ok(`LOGIN ${address(name)} ${password}`)
      await client.ok('SELECT INBOX')
      await client.ok('UID STORE 1:2 +FLAGS (\\Flagged)')
      await client.ok('EXPUNGE')
      client.close()
    }
    expect(await folders()).toEqual([0, 0, 0])
    for (const name of names) {
      const login = { login: address(name), password }
      const there = await seenByImap({ port: dovecot.ports.imap, ...login })
      expect(await seenByImap({ port: server.ports.imap, ...login }), name).toEqual(there)
    }
    await postwolke(...bring, '--verify')
    expect(await postwolke('check')).toBe('everything fits\n')
  }, 120_000)
})

function letter(name: string, n: number): string {
  const head = `From: Sender ${n} <s${n}@example.com>\r\nTo: ${name}\r\nSubject: number ${n}\r\nMessage-ID: <${n % 7 === 0 ? 'same' : n}@${name}>\r\n`
  switch (n % 5) {
    case 0:
      return `${head}\r\nFrom here on\r\nFrom a@b Sat Feb 01 00:00:00 2003\r\n>From quoted\r\n`
    case 1:
      return `${head}Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe \xa4\xff\r\n\r\n\r\n`
    case 2:
      return `${head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n--b--\r\n`
    case 3:
      return `${head}\r\n${'a line of a message that is long\r\n'.repeat(n % 50 === 3 ? 3_000 : 30)}`
    default:
      return `${head}\r\n.\r\n..\r\n`
  }
}
