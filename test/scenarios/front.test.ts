// Clients that come here already while their account is on an old server (Debian's Dovecot and Postfix): what they see before, during and
// after the account moves.

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { type Dovecot, hasDovecot, startDovecot } from '#test/support/dovecot.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { ManageSieveClient } from '#test/support/managesieve-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { startScriptedSource } from '#test/support/scripted-source.ts'
import {
  freePort,
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const oldPassword = 'the old password'
const master = { name: 'front', password: 'the master word' }
const hasAll = hasDovecot() && hasPostfix() && ['mbsync', 'swaks', 'curl'].every(isInstalled)

describe.skipIf(!hasAll)('an account on an old server', () => {
  const resources = new AsyncDisposableStack()
  let home: string
  let old: Dovecot
  let server: ServerProcess
  let alice: Account
  let bob: Account
  /** Nobody here, in the domain of the others. */
  let dave: Account

  beforeAll(async () => {
    home = resources.use(await temporaryFolder()).path
    server = await startServer(join(home, 'new'), await freePorts(), [
      'authFailureDelay=0',
      'disablePlaintextAuth=loopback-allowed',
      'smtpdRelayRestrictions=permit_sasl_authenticated, reject_unauth_destination',
    ])
    resources.defer(async () => void (await server.end('SIGTERM')))
    ;({ alice, bob } = firstAccounts(server))
    dave = { address: 'dave@example.test', password: oldPassword }
    const { path } = resources.use(await temporaryFolder())
    const users = [alice, bob, dave].map(({ address }) => ({
      name: address,
      password: oldPassword,
    }))
    old = resources.use(await startDovecot(path, users, { master }))
    const smtp = await freePort()
    const postfix = resources.use(await temporaryFolder())
    resources.use(
      await startPostfix(postfix.path, [{ port: smtp, settings: {} }], {
        settings: {
          virtual_mailbox_maps: `inline:{${[alice, dave].map(({ address }) => `${address}=${address}/`).join(' ')} ${bob.address}=x}`,
          virtual_mailbox_base: old.mail,
          virtual_uid_maps: 'static:65534',
          virtual_gid_maps: 'static:65534',
          virtual_minimum_uid: '100',
          virtual_transport: 'virtual:',
          // It believes that bob has moved already.
          transport_maps: `inline:{${bob.address}=smtp:[127.0.0.1]:${server.ports.smtp}}`,
        },
        programs: ['virtual   unix  - n n -     - virtual'],
      }),
    )
    const { imaps, pop3, sieve } = old.ports
    await command(
      ...['front', 'source', 'add', 'old', '--smtp', `[127.0.0.1]:${smtp}`],
      ...['--imap', `imaps://127.0.0.1:${imaps}?verify=no`],
      ...['--pop3', `pop3://127.0.0.1:${pop3}?verify=no`],
      ...['--managesieve', `sieve://127.0.0.1:${sieve}?verify=no`],
    )
  })
  afterAll(() => resources.disposeAsync())

  async function command(...words: readonly string[]) {
    const { code, stdout, stderr } = await runCommand(server.directory, [...words, '--json'])
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    return JSON.parse(stdout)
  }

  const letter = (subject: string) =>
    [
      `From: ${alice.address}`,
      `To: ${alice.address}`,
      `Subject: ${subject}`,
      `Message-ID: <${subject}@old.test>`,
      'Date: Fri, 20 Nov 2026 10:00:00 +0000',
      '',
      `body of ${subject}`,
      '',
    ].join('\r\n')

  async function logIn(password: string, { address }: Account = alice): Promise<ImapClient> {
    const client = await ImapClient.connect(server.ports.imap)
    await client.ok(`LOGIN ${address} "${password}"`)
    return client
  }

  async function subjects(password: string): Promise<readonly string[]> {
    const flow = new ImapFlow({
      host: 'localhost',
      port: server.ports.imaps,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: alice.address, pass: password },
      logger: false,
    })
    flow.on('error', () => {})
    await flow.connect()
    const lock = await flow.getMailboxLock('INBOX')
    try {
      if (flow.mailbox === false || flow.mailbox.exists === 0) return []
      const found: string[] = []
      for await (const { envelope } of flow.fetch('1:*', { envelope: true })) {
        found.push(envelope?.subject ?? '')
      }
      return found
    } finally {
      lock.release()
      await flow.logout()
    }
  }

  /** In its INBOX there. */
  const there = async ({ address }: Account) =>
    await old.admin('fetch', '-u', address, 'hdr.subject', 'mailbox', 'INBOX')

  const swaks = async (...words: readonly string[]) =>
    (await runProgram('swaks', ['--server', 'localhost', '--hide-all', ...words])).code

  /** Deliver what has a subject, as a stranger. */
  const send = (subject: string, to: Account) =>
    swaks(
      ...['--port', `${server.ports.smtp}`, '--from', 'carol@elsewhere.test', '--to', to.address],
      ...['--header', `Subject: ${subject}`],
    )

  async function mbsync(password: string): Promise<readonly string[]> {
    const mail = join(home, 'mail')
    await mkdir(mail, { recursive: true })
    const lines = [
      ...['IMAPAccount a', 'Host localhost', `Port ${server.ports.imaps}`, 'SSLType IMAPS'],
      ...[`User ${alice.address}`, `Pass "${password}"`, 'AuthMechs PLAIN'],
      ...[`CertificateFile ${join(server.directory, 'tls', 'self-signed.cert.pem')}`],
      ...['', 'IMAPStore far', 'Account a'],
      ...['', 'MaildirStore near', `Path ${mail}/`, `Inbox ${mail}/INBOX`],
      ...['', 'Channel all', 'Far :far:', 'Near :near:', 'Patterns INBOX', 'Create Near'],
      ...['Sync Pull', 'SyncState *'],
    ]
    const rc = join(home, 'mbsyncrc')
    await writeFile(rc, `${lines.join('\n')}\n`, { mode: 0o600 })
    const { code, stdout, stderr } = await runProgram('mbsync', ['-c', rc, 'all'])
    if (code !== 0) throw new Error(`mbsync: ${stdout}${stderr}`)
    const parts = await Promise.all(
      ['new', 'cur'].map((part) => readdir(join(mail, 'INBOX', part))),
    )
    // Flags are the importer's matter.
    return parts
      .flat()
      .map((name) => name.replace(/:2,.*$/, ''))
      .sort()
  }

  let before: readonly string[]

  it('begins with what both servers have, as an import of its mail leaves it', async () => {
    const own = await logIn(alice.password)
    for (const subject of ['first', 'second']) {
      await own.append('INBOX', letter(subject))
      await old.save(alice.address, letter(subject))
    }
    const { untagged } = await own.ok('STATUS INBOX (UIDVALIDITY UIDNEXT)')
    const uidValidity = /UIDVALIDITY (\d+)/.exec(untagged.join())?.[1] ?? ''
    await old.admin(
      ...['mailbox', 'update', '-u', alice.address, '--uid-validity', uidValidity, 'INBOX'],
    )
    own.close()
    await expect(logIn(oldPassword)).rejects.toThrow('AUTHENTICATIONFAILED')
  })

  it('is passed there, with the password of there', async () => {
    const set = await command('front', 'set', alice.address, 'old')
    expect(set).toMatchObject({
      accounts: [{ address: alice.address, at: { name: 'old', state: 'at-source' } }],
      unusable: ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'],
    })
    await old.save(alice.address, letter('third'))
    expect(await subjects(oldPassword)).toEqual(['first', 'second', 'third'])
    await expect(logIn(alice.password)).rejects.toThrow('AUTHENTICATIONFAILED')
    await old.admin('expunge', '-u', alice.address, 'mailbox', 'INBOX', 'subject', 'third')
  })

  it('shows the capabilities of the old server after the login', async () => {
    const client = await ImapClient.connect(server.ports.imap)
    const { text } = await client.ok(`LOGIN ${alice.address} "${oldPassword}"`)
    const told = /^\[(CAPABILITY IMAP4rev1 [^\]]*)\]/.exec(text)?.[1]
    expect(told).toContain(' IDLE')
    expect(told).not.toContain('OBJECTID')
    expect((await client.ok('CAPABILITY')).untagged).toEqual([told])
    await client.ok('LOGOUT')
  })

  it('loses nothing of what a client sends behind its login', async () => {
    const client = await ImapClient.connect(server.ports.imap)
    const login = Buffer.from(`\0${alice.address}\0${oldPassword}`).toString('base64')
    client.send(
      `a AUTHENTICATE PLAIN ${login}\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\nd LOGOUT\r\n`,
    )
    const lines: string[] = []
    while (!lines.at(-1)?.startsWith('d ')) lines.push(await client.line())
    const tagged = lines.filter((line) => /^[abcd] /.test(line)).map((line) => line.slice(0, 4))
    expect(tagged).toEqual(['a OK', 'b OK', 'c OK', 'd OK'])
    expect(lines.join('\n')).toContain('body of first')
  })

  it('is passed in POP3 and ManageSieve too', async () => {
    await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
    expect(await pop3.logIn(alice.address, oldPassword)).toMatch(/^\+OK/)
    expect(await pop3.command('STAT')).toMatch(/^\+OK 2 /)
    expect((await pop3.multiline('RETR 2')).toString('latin1')).toContain('body of second')
    await pop3.quit()

    await using sieve = await ManageSieveClient.open(server.ports.managesieve)
    await sieve.startTls()
    expect(await sieve.logIn(alice.address, 'wrong password')).toMatch(/^NO "/)
    expect(await sieve.logIn(alice.address, oldPassword)).toMatch(/^OK/)
    expect(await sieve.command('PUTSCRIPT', 'mine', 'keep;\r\n')).toMatch(/^OK/)
    expect(await sieve.command('LISTSCRIPTS')).toContain('"mine"')
    expect(await sieve.command('CAPABILITY')).toContain('Pigeonhole')
  })

  it('is read by curl and mbsync', async () => {
    const user = `${alice.address}:${oldPassword}`
    const { stdout } = await runProgram('curl', [
      ...['-sSk', '-u', user, `imaps://localhost:${server.ports.imaps}/INBOX;MAILINDEX=2`],
    ])
    expect(stdout).toContain('body of second')
    before = await mbsync(oldPassword)
    expect(before).toHaveLength(2)
  })

  it('sends with the password of there, and what it sends is taken here', async () => {
    const words = (password: string) => [
      ...['--port', `${server.ports.submissions}`, '--tls-on-connect', '--auth', 'PLAIN'],
      ...['--auth-user', alice.address, '--auth-password', password],
      ...['--from', alice.address, '--to', alice.address, '--header', 'Subject: sent'],
    ]
    expect(await swaks(...words('wrong password'))).not.toBe(0)
    expect(await swaks(...words(oldPassword))).toBe(0)
    await eventually('it is in the INBOX there', async () => (await there(alice)).includes('sent'))
    await old.admin('expunge', '-u', alice.address, 'mailbox', 'INBOX', 'subject', 'sent')
  })

  it('has its mail from others passed there', async () => {
    expect(await send('from-outside', alice)).toBe(0)
    await eventually('it is in the INBOX there', async () =>
      (await there(alice)).includes('from-outside'),
    )
    await old.admin('expunge', '-u', alice.address, 'mailbox', 'INBOX', 'subject', 'from-outside')
  })

  it('has mail refused that its old server refuses, while the sender is there', async () => {
    await command('account', 'add', 'carol@example.test', '--password-hash', '{PLAIN}carols word')
    await command('front', 'set', 'carol@example.test', 'old')
    expect(await send('to-nobody', { address: 'carol@example.test', password: '' })).not.toBe(0)
    expect(server.output()).toContain('undeliverable address')
    await command('front', 'end', 'carol@example.test')
    expect(await send('to-carol', { address: 'carol@example.test', password: '' })).toBe(0)
  })

  it('has mail that its old server sends back refused, and not passed again', async () => {
    await command('front', 'set', bob.address, 'old')
    expect(await send('in-circles', bob)).toBe(0)
    await eventually('the second time it fails', () => server.output().includes('Alias loop'))
    const passed = server
      .output()
      .split('\n')
      .filter((line) => line.includes(bob.address) && line.includes('"status":"delivered"'))
    expect(passed).toHaveLength(1)
    await command('front', 'end', bob.address)
  })

  it('logs in here, and there by a master user where there is one', async () => {
    const places = ['--imap', `imaps://127.0.0.1:${old.ports.imaps}?verify=no`]
    const words = ['front', 'source', 'add', 'mastered', ...places, '--master-user', master.name]
    const added = await runCommand(
      server.directory,
      [...words, '--master-password-stdin'],
      `${master.password}\n`,
    )
    expect(added.code).toBe(0)
    await command('front', 'set', bob.address, 'mastered')
    await old.save(bob.address, letter('for bob'))
    const client = await logIn(bob.password, bob)
    expect((await client.ok('STATUS INBOX (MESSAGES)')).untagged).toEqual([
      'STATUS INBOX (MESSAGES 1)',
    ])
    await client.ok('LOGOUT')
    await expect(logIn(oldPassword, bob)).rejects.toThrow('AUTHENTICATIONFAILED')
    await command('front', 'end', bob.address)
    await command('front', 'source', 'remove', 'mastered')
    expect(server.output()).not.toContain(master.password)
    expect(server.output()).not.toContain(oldPassword)
  })

  it('is told what it is where the old server does not answer, in every protocol', async () => {
    await using hanging = await startScriptedSource({ greeting: '', answer: () => undefined })
    const gone = await freePort()
    const at = `127.0.0.1:${gone}`
    await command(
      ...['front', 'source', 'add', 'gone', '--imap', `imaps://${at}`, '--pop3', `pop3s://${at}`],
      ...['--managesieve', `sieve://${at}`, '--submission', `submissions://${at}`],
    )
    await command('front', 'set', bob.address, 'gone')
    for (const password of ['a', 'b', 'c']) {
      await expect(logIn(password, bob)).rejects.toThrow('NO [UNAVAILABLE]')
    }
    await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
    expect(await pop3.logIn(bob.address, 'a')).toMatch(/^-ERR \[SYS\/TEMP\] /)
    await using sieve = await ManageSieveClient.open(server.ports.managesieve)
    await sieve.startTls()
    expect(await sieve.logIn(bob.address, 'a')).toMatch(/^NO \(TRYLATER\) /)
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.command('EHLO client.test')
    const response = Buffer.from(`\0${bob.address}\0a`).toString('base64')
    expect((await smtp.command(`AUTH PLAIN ${response}`)).text).toMatch(/^454 4\.7\.0 /)
    // Who waits for one that hangs keeps nobody else waiting.
    await command('front', 'source', 'add', 'hanging', '--imap', `imap://127.0.0.1:${hanging.port}`)
    await command('front', 'set', bob.address, 'hanging')
    const waiting = logIn('a', bob)
    waiting.catch(() => undefined)
    await eventually('it hangs', () => hanging.connections > 0)
    await (await logIn(oldPassword)).ok('LOGOUT')
    await hanging[Symbol.asyncDispose]()
    await expect(waiting).rejects.toThrow('NO [UNAVAILABLE]')
    await command('front', 'end', bob.address)
    await (await logIn(bob.password, bob)).ok('LOGOUT')
    for (const name of ['gone', 'hanging']) await command('front', 'source', 'remove', name)
  })

  describe('of a domain that is there', () => {
    const nobody: Account = { address: 'nobody@example.test', password: '' }

    it('who is not here is unknown until the domain is passed on', async () => {
      await expect(logIn(oldPassword, dave)).rejects.toThrow('AUTHENTICATIONFAILED')
      expect(await send('too-early', dave)).not.toBe(0)
      const set = await command('front', 'set', 'example.test', 'old')
      expect(set).toMatchObject({
        domain: { domain: 'example.test', at: { name: 'old', state: 'at-source' }, before: null },
      })
      await command('front', 'end', bob.address)
      expect(await command('front', 'source', 'list')).toMatchObject([
        { name: 'old', accounts: 2, domains: 1 },
      ])
    })

    it('logs in there, whatever the protocol, and nobody else does', async () => {
      await old.save(dave.address, letter('of dave'))
      const client = await logIn(oldPassword, dave)
      expect((await client.ok('STATUS INBOX (MESSAGES)')).untagged).toEqual([
        'STATUS INBOX (MESSAGES 1)',
      ])
      await client.ok('LOGOUT')
      await expect(logIn('a guess', dave)).rejects.toThrow('AUTHENTICATIONFAILED')
      await expect(logIn(oldPassword, nobody)).rejects.toThrow('AUTHENTICATIONFAILED')
      await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
      expect(await pop3.logIn(dave.address, oldPassword)).toMatch(/^\+OK/)
      expect(await pop3.command('STAT')).toMatch(/^\+OK 1 /)
      await using sieve = await ManageSieveClient.open(server.ports.managesieve)
      await sieve.startTls()
      expect(await sieve.logIn(dave.address, oldPassword)).toMatch(/^OK/)
      // It is nobody of the console.
      expect(server.output()).not.toContain(oldPassword)
    })

    it('sends there, and is told where there is no submission', async () => {
      await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
      await smtp.hello()
      expect((await smtp.logIn(dave.address, oldPassword)).code).toBe(454)
      const answers: { readonly [verb: string]: string } = {
        ...{ EHLO: '250-old.test\r\n250 AUTH PLAIN', MAIL: '250 fine', RCPT: '250 fine' },
        ...{ DATA: '354 go on', '.': '250 taken', QUIT: '221 bye' },
      }
      const right = Buffer.from(`\0erin@other.test\0${oldPassword}`).toString('base64')
      await using submission = await startScriptedSource({
        greeting: '220 old.test\r\n',
        answer: (line) => {
          if (line.startsWith('AUTH ')) return line.endsWith(right) ? '235 in\r\n' : '535 no\r\n'
          const said = answers[line.split(' ')[0] ?? '']
          return said && `${said}\r\n`
        },
      })
      const place = `submission://127.0.0.1:${submission.port}?tls=no`
      await command('front', 'source', 'add', 'sending', '--submission', place)
      await command('domain', 'add', 'other.test')
      await command('front', 'set', 'other.test', 'sending')
      await using erin = await SmtpClient.open(server.ports.submissions, { tls: true })
      await erin.hello()
      expect((await erin.logIn('erin@other.test', 'a guess')).code).toBe(535)
      expect((await erin.logIn('Erin@other.test', oldPassword)).code).toBe(235)
      expect((await erin.command('MAIL FROM:<erin@other.test>')).text).toBe('250 fine')
      expect((await erin.command('RCPT TO:<x@far.test>')).text).toBe('250 fine')
      expect((await erin.command('DATA')).text).toBe('354 go on')
      expect((await erin.command('Subject: passed\r\n\r\nbody\r\n.')).text).toBe('250 taken')
      expect(submission.heard).toContain('Subject: passed')
      // When the domain is here, who was passed is told to go.
      await command('front', 'end', 'other.test')
      expect((await erin.reply()).text).toMatch(/^421 /)
      await command('front', 'source', 'remove', 'sending')
    })

    it('has its mail passed there, and who is nobody there is refused', async () => {
      expect(await send('to-dave', dave)).toBe(0)
      await eventually('it is in the INBOX there', async () =>
        (await there(dave)).includes('to-dave'),
      )
      expect(await send('to-nobody', nobody)).not.toBe(0)
      expect(server.output()).toMatch(/nobody@example\.test.*undeliverable/)
    })

    it('is there first when an account is added, and moves out of it alone', async () => {
      const passed = await logIn(oldPassword, dave)
      await passed.ok('SELECT INBOX')
      passed.send('i IDLE\r\n')
      expect(await passed.line()).toMatch(/^\+ /)
      const hash = ['--password-hash', '{PLAIN}daves new word']
      await command('account', 'add', dave.address, ...hash)
      // As a guest he is gone: his clients come again, as those of an account.
      expect(await passed.line()).toMatch(/^\* BYE /)
      expect(await command('front', 'show', dave.address)).toMatchObject({ at: { name: 'old' } })
      await (await logIn(oldPassword, dave)).ok('LOGOUT')
      await command('front', 'end', dave.address)
      await (await logIn('daves new word', dave)).ok('LOGOUT')
      expect(await send('to-dave-here', dave)).toBe(0)
      const client = await logIn('daves new word', dave)
      await eventually('it is in the INBOX here', async () =>
        (await client.ok('STATUS INBOX (MESSAGES)')).untagged.join().includes('MESSAGES 1'),
      )
      expect(await there(dave)).not.toContain('to-dave-here')
    })
  })

  it('lets nobody in while it moves, and its mail waits', async () => {
    const idling = await logIn(oldPassword)
    await idling.ok('SELECT INBOX')
    idling.send('i IDLE\r\n')
    expect(await idling.line()).toMatch(/^\+ /)
    await command('front', 'hold', alice.address)
    expect(await idling.line()).toMatch(/^\* BYE \[UNAVAILABLE\] /)
    await expect(idling.line()).rejects.toThrow('closed')
    await expect(logIn(oldPassword)).rejects.toThrow(/NO \[UNAVAILABLE\] The account is moving/)
    await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
    expect(await pop3.logIn(alice.address, oldPassword)).toMatch(/^-ERR \[SYS\/TEMP\] /)
    expect(await send('late', alice)).toBe(0)
    const list = await eventually('it waits in the queue', async () => {
      const { stdout } = await runCommand(server.directory, ['queue', 'list', '--json'])
      return stdout.includes('is moving') && stdout
    })
    expect(list).toContain(alice.address)
    expect(await there(alice)).not.toContain('late')
  })

  it('is here at once when it has moved, and nothing is fetched again', async () => {
    const { accounts, flushed } = await command('front', 'end', alice.address)
    // What was told its postmaster is among it.
    expect(flushed).toBeGreaterThan(0)
    expect(accounts).toMatchObject([{ at: null, before: { name: 'old', state: 'moving' } }])
    await expect(logIn(oldPassword)).rejects.toThrow('AUTHENTICATIONFAILED')
    expect(await mbsync(alice.password)).toEqual(expect.arrayContaining([...before]))
    expect((await subjects(alice.password)).slice(0, 2)).toEqual(['first', 'second'])
    await eventually('what waited is here', async () =>
      (await subjects(alice.password)).includes('late'),
    )
    const transport = createTransport({
      ...{ host: 'localhost', port: server.ports.submissions, secure: true },
      tls: { rejectUnauthorized: false },
      auth: { user: alice.address, pass: alice.password },
    })
    expect(await transport.verify()).toBe(true)
    transport.close()
    await command('front', 'end', 'example.test')
    expect(await send('unknown-again', { address: 'nobody@example.test', password: '' })).not.toBe(
      0,
    )
    expect(server.output()).toContain('User unknown')
    expect(await command('front', 'source', 'list')).toMatchObject([
      { name: 'old', accounts: 0, domains: 0 },
    ])
    await command('front', 'source', 'remove', 'old')
  })
})
