// A provider's machine with Debian's Dovecot moves here: every message, uid, flag, date and name of POP3 is the same afterwards; mail goes on
// coming there until the last day; and an import that is killed again and again loses and doubles nothing.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
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

const DOMAINS = ['example.org', 'example.net', 'xn--bcher-kva.example']
const MAILBOXES = 40
const MESSAGES_EACH = 125
const KILLS = 20
const password = 'secretword'
const accounts = Array.from(
  { length: MAILBOXES },
  (_, n) => `user${n}@${DOMAINS[n % DOMAINS.length]}`,
)
/** As Dovecot names them: `.` between the levels. */
const folders = ['INBOX', 'Work.2024', 'B&APw-cher', 'Sent', 'Lists.&ZeVnLIqe-.old', '"A &- B"']
const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))

describe.skipIf(!hasDovecot())('a machine with Dovecot', () => {
  const resources = new AsyncDisposableStack()
  let dovecot: Dovecot
  let server: ServerProcess
  let data: string
  let pattern: string

  beforeAll(async () => {
    const old = resources.use(await temporaryFolder())
    dovecot = resources.use(
      await startDovecot(
        old.path,
        accounts.map((name) => ({ name, password })),
        {
          settings: ['plugin {\n  quota = none\n}'],
        },
      ),
    )
    for (const account of accounts) await fill(account)
    await listOtherwise(must(accounts[0]))
    pattern = join(dovecot.mail, '%u')
    const own = resources.use(await temporaryFolder())
    data = join(own.path, 'data')
    for (const domain of DOMAINS) await postwolke('domain', 'add', domain)
    // Dovecot's own file, as it is.
    const users = accounts.map((address) => `${address}:{PLAIN}${password}::::::\n`).join('')
    expect(await runCommand(data, ['account', 'import', '-'], users)).toMatchObject({ code: 0 })
  }, 240_000)
  afterAll(() => resources.disposeAsync())

  async function postwolke(...words: readonly string[]) {
    const ended = await runCommand(data, words)
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    return ended.stdout
  }

  /** Of every kind: flags, keywords, dates, lines of all sorts, parts in each other, bytes that are no mail. */
  async function fill(account: string): Promise<void> {
    const random = seededRandom(account)
    const client = await ImapClient.connect(dovecot.ports.imap)
    await client.ok(`LOGIN ${account} ${password}`)
    for (const folder of folders.slice(1)) await client.ok(`CREATE ${folder}`)
    await client.ok('SUBSCRIBE Work.2024')
    for (let n = 0; n < MESSAGES_EACH; n++) {
      const folder =
        n % 5 < 3 ? 'INBOX' : must(folders[1 + (Math.floor(n / 5) % (folders.length - 1))])
      const text = letter(account, n, random)
      const flags = ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Label1', 'NonJunk', 'Ümlaut']
        .filter((flag) => flag !== 'Ümlaut' && random() < 0.3)
        .join(' ')
      const date = imapDate(Date.UTC(2005, 0, 1) + Math.floor(random() * 6e8) * 1_000)
      await client.ok(`APPEND ${folder} (${flags}) "${date}" {${text.length}}`, `${text}\r\n`)
    }
    // Gone again, so that uids have gaps and the next one is not the last plus one.
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 3,9:11,70:75 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
    client.close()
  }

  /** As after a move to Dovecot from a server whose POP3 had another order, and names of its own. */
  async function listOtherwise(account: string): Promise<void> {
    const path = join(dovecot.mail, account, 'dovecot-uidlist')
    const [header, ...records] = (await readFile(path, 'utf8')).split('\n')
    const other = records.map((line, n) =>
      n % 3 === 0 || line === '' ? line : line.replace(' ', ` Pold${n} O${500 - 7 * n} `),
    )
    await writeFile(path, [header, ...other].join('\n'))
    const listed = await seenByPop3({ port: dovecot.ports.pop3, login: account, password })
    // Dovecot keeps to it.
    expect(listed[0]).toMatch(/^1 old\d\d /)
    expect(listed.at(-1)).not.toContain('old')
  }

  async function expectSame(): Promise<void> {
    for (const login of accounts) {
      const [there, here] = await Promise.all([
        seenByImap({ port: dovecot.ports.imap, login, password }),
        seenByImap({ port: server.ports.imap, login, password }),
      ])
      expect(here, login).toEqual(there)
      const pop = await Promise.all([
        seenByPop3({ port: dovecot.ports.pop3, login, password }),
        seenByPop3({ port: server.ports.pop3, login, password }),
      ])
      expect(pop[1], login).toEqual(pop[0])
    }
  }

  it('is rehearsed, and nothing is written', async () => {
    const told = JSON.parse(await postwolke('import', 'maildir', pattern, '--dry-run', '--json'))
    const sum = told.mailboxes
      .flatMap(({ folders: all }: { folders: { brought: number }[] }) => all)
      .reduce((all: number, { brought }: { brought: number }) => all + brought, 0)
    expect(sum).toBe(MAILBOXES * (MESSAGES_EACH - 10))
    const list = JSON.parse(await postwolke('account', 'list', '--json'))
    expect(list.every(({ messages }: { messages: number }) => messages === 0)).toBe(true)
  })

  it(`comes over although the import is killed ${KILLS} times, and is the same to every client`, async () => {
    const random = seededRandom('kills of an import')
    let kills = 0
    for (;;) {
      const child = spawn(
        process.execPath,
        [cli, 'import', 'maildir', pattern, '--data', data, '--json'],
        {
          stdio: 'ignore',
        },
      )
      const timer = setTimeout(
        () => {
          if (kills < KILLS) child.kill('SIGKILL')
        },
        700 + random() * 900,
      )
      const [code] = await once(child, 'exit')
      clearTimeout(timer)
      if (code === 0 && kills >= KILLS) break
      // Faster than the moment that was chosen: there is nothing more to bring, and nothing may come again.
      if (code === null || code === 0) kills++
      else expect(code).toBeNull()
    }
    server = resources.use(
      await startServer(data, await freePorts(), ['disablePlaintextAuth=loopback-allowed']),
    )
    await expectSame()
  }, 240_000)

  it('goes on there: what is new, changed or gone comes with the next time', async () => {
    const [first, second] = [must(accounts[0]), must(accounts[1])]
    const client = await ImapClient.connect(dovecot.ports.imap)
    await client.ok(`LOGIN ${first} ${password}`)
    await client.ok('SELECT INBOX')
    await client.ok('UID STORE 1:20 +FLAGS (\\Flagged $Later)')
    await client.ok('UID STORE 21:30 -FLAGS (\\Seen)')
    await client.ok('UID STORE 31 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
    await client.ok('UID MOVE 32 Work.2024')
    client.close()
    for (let n = 0; n < 5; n++) await dovecot.save(second, letter(second, 900 + n, Math.random))
    await postwolke('import', 'maildir', pattern)
    await expectSame()
    // Dovecot takes what POP3 read for seen.
    await postwolke('import', 'maildir', pattern)
    expect(await postwolke('import', 'maildir', pattern, '--verify')).toContain(first)
    expect(await postwolke('check')).toBe('everything fits\n')
  }, 120_000)
})

function letter(account: string, n: number, random: () => number): string {
  const head = `From: Sender ${n} <s${n}@example.com>\r\nTo: ${account}\r\nSubject: number ${n}\r\nMessage-ID: <${n % 7 === 0 ? 'same' : `${n}-${account}`}>\r\n`
  switch (n % 9) {
    case 0:
      return `${head}\r\n`
    case 1:
      return `${head}Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe \xa4\xff\r\n`
    case 2:
      return `${head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n--b--\r\n`
    case 3:
      return `no header at all, ${n}\r\n\r\nFrom the beginning\r\n.\r\n..\r\n`
    case 4:
      return `${head}\r\n${'x'.repeat(3_000)}\r\n`
    case 5:
      return `${head}\r\n${'a line of a message that is long\r\n'.repeat(n % 36 === 5 ? 4_000 : 40)}`
    case 6:
      return `${head}\r\nends without a line end`
    case 7:
      return `Subject: =?utf-8?q?=F0=9F=93=A7?=\r\nX-Raw: \xe2\x82\xac\r\n${head}\r\n\r\n\r\n`
    default:
      return `${head}\r\n${String.fromCharCode(...Array.from({ length: 200 }, () => 32 + Math.floor(random() * 90)))}\r\n`
  }
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
function imapDate(ms: number): string {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getUTCDate())}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}
