// An installation of Postfix and Dovecot, taken over by the command line: the same addresses get the same answers at RCPT from Debian's Postfix
// with its files and from a server of ours with what came over.

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type Asked, movedInstallations } from '#test/support/moved-installations.ts'
import { copyFixture, fixturePath } from '#test/support/moving-fixtures.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { runProgram } from '#test/support/program.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import {
  freePort,
  freePorts,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

type Report = {
  readonly counts: readonly {
    readonly what: string
    readonly added: number
    readonly refused: number
  }[]
  readonly forFile: readonly string[]
  readonly refused: readonly unknown[]
  readonly notes: readonly { readonly kind: string; readonly about: string }[]
}

const resources = new AsyncDisposableStack()
afterAll(() => resources.disposeAsync())

const importWords = (root: string, data: string, ...more: readonly string[]) => [
  ...['import', 'postfix', join(root, 'etc/postfix'), '--root', root],
  ...(existsSync(join(root, 'doveconf.txt')) ? ['--dovecot', join(root, 'doveconf.txt')] : []),
  ...['--data', data, '--json', ...more],
]

async function imported(root: string, data: string, ...more: readonly string[]): Promise<Report> {
  const ended = await commandLine(importWords(root, data, ...more))
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ended.stdout)
}

const countsOf = ({ counts }: Report) =>
  Object.fromEntries(counts.map(({ what, added }) => [what, added]))

describe("a provider's Postfix and Dovecot", () => {
  it('is told of before anything is done, comes over, and is there', async () => {
    const { path } = resources.use(await temporaryFolder())
    const data = join(path, 'data')
    const root = fixturePath('isp')
    const rehearsed = await imported(root, data, '--dry-run')
    const report = join(path, 'report')
    const done = await imported(root, data, '--report', report)
    expect(countsOf(done)).toEqual({
      ...{ domains: 4, accounts: 6, aliases: 23, forwards: 2, tables: 4, keys: 0 },
      settings: countsOf(rehearsed).settings,
    })
    expect(countsOf(rehearsed)).toEqual(countsOf(done))
    expect(done.refused).toEqual([])
    expect(done.forFile).toContain('hostname = "mx.example.test"')
    expect(JSON.parse(await readFile(report, 'utf8'))).toEqual(done)
    const again = await imported(root, data)
    expect(countsOf(again)).toEqual({
      ...{ domains: 0, accounts: 0, aliases: 0, forwards: 0, tables: 0, keys: 0, settings: 0 },
    })
    const show = async (...words: readonly string[]) =>
      JSON.parse((await commandLine([...words, '--data', data, '--json'])).stdout)
    expect(await show('account', 'show', 'ann@example.test')).toMatchObject({
      quotaBytes: 1024 ** 3,
      enabled: true,
    })
    expect(await show('account', 'show', 'bob@example.test')).toMatchObject({
      forward: { to: ['bob@elsewhere.test'], keep: true },
    })
    expect(await show('account', 'show', 'dora@example.org')).toMatchObject({
      forward: { to: ['dora@elsewhere.test'], keep: false },
    })
    const aliases = await show('alias', 'list')
    expect(aliases).toContainEqual({
      alias: 'staff@mx.example.test',
      targets: ['ann@example.test', 'bob@example.test', 'carl@example.test'],
    })
  })
})

const AT_A_TIME = 3

describe.skipIf(!hasPostfix()).each(movedInstallations)(
  'the Postfix of $name beside what came over of it',
  ({ name, tables, asked, differences, replies, logins }) => {
    let postfix: number
    let server: ServerProcess

    beforeAll(async () => {
      const { path: root } = resources.use(await temporaryFolder())
      await copyFixture(name, root)
      await withoutPolicyServers(join(root, 'etc/postfix/main.cf'))
      const data = resources.use(await temporaryFolder()).path
      const { forFile } = await imported(root, data)
      // Ports are those of this test.
      const lines = forFile.filter((line) => !/^(?:listeners\.|disablePlaintextAuth)/.test(line))
      await writeFile(join(data, 'postwolke.toml'), `${lines.join('\n')}\n`)
      server = await startServer(data, await freePorts(), [
        'proxyTrustedNetworks=127.0.0.1/32',
        // Nothing goes anywhere, and nobody is asked.
        'relayhost=[127.0.0.1]:1',
        'dnsServers=127.0.0.1:1',
        'dnsTimeout=100ms',
        'dnsTries=1',
        // All strangers have one address here.
        'clientUnknownRecipientLimit=100000',
      ])
      resources.use(server)
      postfix = await startOld(root)
    }, 120_000)

    /** Scenarios of their own are about these; here they would ask the DNS. */
    async function withoutPolicyServers(file: string): Promise<void> {
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replaceAll(/^\s+check_policy_service .*\n/gm, ''))
    }

    async function startOld(root: string): Promise<number> {
      const conf = join(root, 'etc/postfix')
      await runProgram('chmod', ['-R', 'a+rX', root])
      await runProgram('sed', [
        '-i',
        `s#/etc/postfix/#${conf}/#g;s#/etc/aliases#${root}/etc/aliases#g`,
        join(conf, 'main.cf'),
      ])
      for (const table of tables) {
        await runProgram('postmap', ['-c', conf, `hash:${join(conf, table)}`])
      }
      await runProgram('postalias', ['-c', conf, `hash:${join(root, 'etc/aliases')}`])
      // Also what the installation leaves as it is by itself, where startPostfix would not.
      const names = ['recipient_delimiter', 'smtpd_relay_restrictions']
      const printed = await Promise.all(
        [['-n'], names].map((words) => runProgram('postconf', ['-c', conf, ...words])),
      )
      const stdout = printed.map((one) => one.stdout).join('')
      // Its logins, certificates and delivery are none of this, and its folder is another.
      const aside =
        /^(?:smtpd_(?:sasl|tls)|config_directory|readme|html|broken|compat|inet_|header_checks|.*_transport$)/
      const own = stdout.split('\n').flatMap((line) => {
        const [, name = '', value = ''] = /^(\w+) =(?: (.*))?$/.exec(line) ?? []
        return name === '' || aside.test(name) ? [] : [[name, value] as const]
      })
      const directory = resources.use(await temporaryFolder()).path
      const port = await freePort()
      const settings = Object.fromEntries(own)
      resources.use(
        await startPostfix(directory, [{ port, settings: {} }], {
          settings: { ...settings, local_transport: 'discard:', relay_transport: 'discard:' },
        }),
      )
      return port
    }

    it(`gives ${asked.length} recipients the answers that they had`, async () => {
      const answers = await concurrently(asked, AT_A_TIME, async (one) => {
        const [ours, theirs] = await Promise.all([askUs(one), askOld(one)])
        return { one, ours, theirs }
      })
      const reasons = ({ one, ours, theirs }: (typeof answers)[number]) =>
        [...differences].filter(([, isSo]) => isSo(one, ours, theirs)).map(([reason]) => reason)
      const differing = answers.filter(({ ours, theirs }) => ours !== theirs)
      expect(differing.filter((answer) => reasons(answer).length === 0)).toEqual([])
      // Each reason is one still, and there is something of every kind.
      expect(new Set(differing.flatMap(reasons))).toEqual(new Set(differences.keys()))
      expect(new Set(answers.map(({ theirs }) => theirs))).toEqual(new Set(replies))
      expect(answers.filter(({ ours }) => ours === '2 2.1').length).toBeGreaterThan(
        asked.length / 5,
      )
    }, 120_000)

    async function askUs(one: Asked): Promise<string> {
      const source = { address: one.client, port: 40_001 }
      const header = proxyHeader({ source })
      await using smtp = await SmtpClient.open(server.ports.smtp, { proxyHeader: header })
      return await answerOf(smtp, one)
    }

    async function askOld(one: Asked): Promise<string> {
      await using smtp = await SmtpClient.open(postfix)
      await smtp.command('EHLO proxy.test')
      await smtp.command(`XCLIENT NAME=[UNAVAILABLE] ADDR=${one.client}`)
      return await answerOf(smtp, one)
    }

    async function answerOf(smtp: SmtpClient, { sender, recipient }: Asked): Promise<string> {
      await smtp.command('EHLO client.good.test')
      const mail = await smtp.command(`MAIL FROM:<${sender}>`)
      if (mail.code >= 400) return classOf(mail.text)
      return classOf((await smtp.command(`RCPT TO:<${recipient}>`)).text)
    }

    const classOf = (text: string) => {
      const [, code = '', enhanced = ''] = /^(\d)\d\d (\d\.\d+)\./.exec(text) ?? []
      return `${code} ${enhanced}`
    }

    it.each(logins)('lets %s log in with the password of before', async (login, password) => {
      await using smtp = await SmtpClient.open(server.ports.submissions, {
        ...{ tls: true, localAddress: '127.0.0.2' },
      })
      await smtp.hello()
      expect(await smtp.logIn(login, 'wrong')).toMatchObject({ code: 535 })
      expect(await smtp.logIn(login, password)).toMatchObject({ code: 235 })
    })
  },
)
