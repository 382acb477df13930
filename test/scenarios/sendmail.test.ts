// Mail that programs and users of the machine hand over with sendmail: with the server up and down, killed in between, from another user,
// from cron, PHP, mail(1) and neomutt, and over SMTP on standard input.

import { access, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { runOurs } from '#test/support/postfix-commands.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import {
  freePorts,
  type Ports,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
const uid = process.getuid?.() ?? 0
const isRoot = uid === 0
let place: string
let data: string
let commands: string
let ports: Ports
let sink: Sink
let server: ServerProcess

async function start(): Promise<void> {
  server = await startServer(data, ports, [])
}

beforeAll(async () => {
  place = resources.use(await temporaryFolder()).path
  data = join(place, 'data')
  commands = join(place, 'bin')
  sink = resources.use(await openSink())
  ports = await freePorts()
  await mkdir(data, { mode: 0o700 })
  await writeFile(
    join(data, 'postwolke.toml'),
    `hostname = "mx.example.test"\nmyorigin = "example.test"\nrelayhost = "[127.0.0.1]:${sink.port}"\nmessageSizeLimit = "1MB"\nprivateDestinationNetworks = "127.0.0.0/8"\n`,
  )
  await start()
  await runProgram(process.execPath, [
    join(import.meta.dirname, '../../services/cli/postwolke.mjs'),
    'postfix',
    'link',
    commands,
    '--data',
    data,
  ])
  // Others enter it as they do /var/lib/postwolke, and nothing in it.
  for (const folder of [place, data]) await chmod(folder, 0o711)
}, 60_000)
afterAll(async () => {
  await server.end('SIGKILL')
  await resources.disposeAsync()
}, 30_000)

const sendmail = (words: readonly string[], input = '') => runOurs(data, 'sendmail', words, input)

const arrived = (subject: string) =>
  eventually(`${subject} arrives`, () =>
    sink.messages.find(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`)),
  )
const textOf = ({ bytes }: Sink['messages'][number]) => bytes.toString('latin1')
const countOf = (subject: string) =>
  sink.messages.filter(({ bytes }) => bytes.includes(`Subject: ${subject}\r\n`)).length

/** In the maildrop. */
async function waiting(): Promise<readonly string[]> {
  const names = await readdir(join(data, 'maildrop'))
  return names.filter((name) => !['taken', 'corrupt', 'limits.json'].includes(name))
}

describe('sendmail', () => {
  it('sends: from whom, to whom, with what a message must have', async () => {
    const message = 'To: far@away.test\nSubject: plain\n\nHello.\n.\nnot this\n'
    expect(await sendmail(['-t', '-f', 'ann@example.test', '-F', 'Ann'], message)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    const got = await arrived('plain')
    expect(got.envelope).toMatchObject({
      mailFrom: { address: 'ann@example.test' },
      rcptTo: [{ address: 'far@away.test' }],
    })
    expect(textOf(got)).toMatch(
      /^Received: by mx\.example\.test \(Postwolke, from userid \d+\)\r\n\tid \w{18}; /m,
    )
    expect(textOf(got)).toMatch(/^From: Ann <ann@example\.test>\r$/m)
    expect(textOf(got)).toMatch(/^Date: .* \+0000\r$/m)
    expect(textOf(got)).toMatch(/^Message-ID: <\w+@mx\.example\.test>\r$/m)
    expect(textOf(got)).toMatch(/\r\n\r\nHello\.\r\n$/)
    expect(await waiting()).toEqual([])
  })

  it('keeps who is in Bcc to itself, and sends to him', async () => {
    await sendmail(['-t', '-oi'], 'To: a@away.test\nBcc: secret@away.test\nSubject: bcc\n\n')
    const got = await arrived('bcc')
    expect(got.envelope.rcptTo.map(({ address }) => address).sort()).toEqual([
      'a@away.test',
      'secret@away.test',
    ])
    expect(textOf(got)).not.toContain('secret')
  })

  it('refuses what is too large at once, and leaves nothing of it', async () => {
    const ended = await sendmail(['a@away.test'], 'x'.repeat(1_200_000))
    expect(ended).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('message file too big'),
    })
    expect(await waiting()).toEqual([])
  })

  it('takes mail while the server is down, which the server finds when it starts', async () => {
    await server.end('SIGTERM')
    for (const subject of ['down 1', 'down 2']) {
      expect((await sendmail(['a@away.test'], `Subject: ${subject}\n\n`)).code).toBe(0)
    }
    expect(await waiting()).toHaveLength(2)
    const listed = await runOurs(data, 'mailq', [])
    expect(listed.stderr).toContain('Mail system is down')
    expect(listed.stdout).toMatch(/-- 0 Kbytes in 2 Requests\.\n$/)
    await start()
    await arrived('down 1')
    await arrived('down 2')
    expect(await waiting()).toEqual([])
  })

  it('loses nothing and sends nothing twice when the server is killed again and again', async () => {
    const subjects = Array.from({ length: 12 }, (_, i) => `killed ${i}`)
    const sending = Promise.all(
      [0, 1].map(async (half) => {
        for (const subject of subjects.slice(half * 6, half * 6 + 6)) {
          expect((await sendmail(['a@away.test'], `Subject: ${subject}\n\n`)).code).toBe(0)
        }
      }),
    )
    for (let i = 0; i < 2; i++) {
      await eventually('something arrives', () => sink.messages.length > 0)
      await server.end('SIGKILL')
      await start()
    }
    await sending
    for (const subject of subjects) await arrived(subject)
    expect(await waiting()).toEqual([])
    // A kill between another host's 250 and our knowledge of it is a duplicate that nobody can know of; a file taken twice is not.
    for (const subject of subjects) expect(countOf(subject)).toBeLessThanOrEqual(2)
  }, 90_000)

  it('speaks SMTP with programs that speak nothing else', async () => {
    const { code, stdout } = await sendmail(
      ['-bs'],
      [
        'EHLO x',
        'RCPT TO:<a@away.test>',
        'MAIL FROM:<ann@example.test>',
        'RCPT TO:<a@away.test>',
        'RCPT TO:<>',
        'DATA',
        'Subject: smtp',
        '',
        '..dot',
        '.',
        'NONSENSE',
        'QUIT',
        '',
      ].join('\r\n'),
    )
    expect(code).toBe(0)
    expect(stdout.split('\r\n').map((line) => line.slice(0, 4))).toEqual([
      '220 ',
      '250-',
      '250-',
      '250-',
      '250-',
      '250 ',
      '503 ',
      '250 ',
      '250 ',
      '501 ',
      '354 ',
      '250 ',
      '502 ',
      '221 ',
      '',
    ])
    expect(textOf(await arrived('smtp'))).toMatch(/\r\n\r\n\.dot\r\n$/)
  })

  it('is told who may not submit', async () => {
    const limits = join(data, 'maildrop', 'limits.json')
    expect(JSON.parse(await readFile(limits, 'utf8'))).toEqual({
      messageSizeLimit: 1024 ** 2,
      authorizedSubmitUsers: ['static:anyone'],
    })
    const before = await readFile(limits)
    await writeFile(
      limits,
      JSON.stringify({ messageSizeLimit: 1, authorizedSubmitUsers: [`!${uid}`] }),
    )
    const { code, stderr } = await sendmail(['a@away.test'])
    expect({ code, stderr }).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/^sendmail: fatal: User .* is not allowed to submit mail\n$/),
    })
    await writeFile(limits, before)
  })

  it('says where there is no mail system', async () => {
    const { code, stderr } = await runOurs(join(place, 'nowhere'), 'sendmail', ['a@away.test'])
    expect({ code, stderr }).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('postwolke serve'),
    })
  })
})

describe('postwolke postfix link', () => {
  it('makes commands that know their mail system, and leaves the files of others alone', async () => {
    await access(join(commands, 'postqueue'))
    const { code, stdout } = await runProgram(join(commands, 'postconf'), ['-h', 'myhostname'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'mx.example.test\n' })
    const other = resources.use(await temporaryFolder()).path
    await writeFile(join(other, 'sendmail'), "somebody else's")
    const refused = await commandLine(['postfix', 'link', other, '--data', data])
    expect(refused).toMatchObject({ code: 73, stderr: expect.stringContaining('--force') })
    expect(await readFile(join(other, 'sendmail'), 'utf8')).toBe("somebody else's")
  })

  it('dispatches on the name that a link has', async () => {
    const program = join(import.meta.dirname, '../../services/cli/postfix/postwolke-postfix.mjs')
    const { code, stdout } = await runProgram(process.execPath, [
      program,
      'postconf',
      '-h',
      'mail_name',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Postwolke\n' })
    expect((await runProgram(process.execPath, [program])).code).toBe(64)
  })
})

describe.runIf(isRoot && isInstalled('runuser'))('another user of the machine', () => {
  const asNobody = (words: readonly string[], input = '') =>
    runProgram('runuser', ['-u', 'nobody', '--', ...words], { input, folder: '/' })

  it('submits as himself, and can neither list nor read what others left', async () => {
    await server.end('SIGTERM')
    const command = join(commands, 'sendmail')
    expect(await asNobody([command, 'a@away.test'], 'Subject: nobody\n\n')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    const [name = ''] = await waiting()
    const facts = await stat(join(data, 'maildrop', name))
    expect((facts.mode & 0o777).toString(8)).toBe('640')
    await sendmail(['a@away.test'], 'Subject: of root\n\n')
    const other = (await waiting()).find((one) => one !== name) ?? ''
    const maildrop = join(data, 'maildrop')
    for (const words of [
      ['ls', maildrop],
      ['cat', join(maildrop, other)],
      ['rm', '-f', join(maildrop, other)],
      ['ls', join(maildrop, 'taken')],
      ['cat', join(data, 'store.mdb')],
    ]) {
      expect({ words, code: (await asNobody(words)).code }).not.toEqual({ words, code: 0 })
    }
    await start()
    const got = await arrived('nobody')
    expect(got.envelope.mailFrom).toMatchObject({ address: 'nobody@example.test' })
    expect(textOf(got)).toContain(`from userid ${facts.uid})`)
    await arrived('of root')
  })

  it('sees nothing of the queue', async () => {
    const { code, stderr } = await asNobody([join(commands, 'postsuper'), '-d', 'ALL'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('fatal')
  })
})

describe('programs that call sendmail', () => {
  it('cron', async () => {
    const words = ['-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root']
    const letter = 'From: root (Cron Daemon)\nTo: root\nSubject: cron\n\n\xfc\n.\nmore\n'
    expect(
      (
        await runProgram(join(commands, 'sendmail'), words, {
          input: Buffer.from(letter, 'latin1'),
        })
      ).code,
    ).toBe(0)
    // There is no root here: its sender is told, or nobody is; the message is known all the same.
    await eventually('it was taken', () => server.output().includes('"to":"root@example.test"'))
  })

  it('PHP', async () => {
    const letter =
      'To: far@away.test\r\nSubject: php\r\nX-PHP-Originating-Script: 0:a.php\r\nFrom: web@example.test\r\n\r\nHello\r\n'
    expect(
      (await runProgram('sh', ['-c', `${join(commands, 'sendmail')} -t -i`], { input: letter }))
        .code,
    ).toBe(0)
    const got = await arrived('php')
    expect(textOf(got)).toMatch(/\r\nFrom: web@example\.test\r\n\r\nHello\r\n$/)
  })

  it.runIf(isInstalled('mail'))('mail(1)', async () => {
    const folder = resources.use(await temporaryFolder()).path
    await writeFile(join(folder, '.mailrc'), `set sendmail=${join(commands, 'sendmail')}\n`)
    const words = ['-s', 'mailx', '-c', 'copy@away.test', 'far@away.test']
    const ended = await runProgram('mail', words, {
      input: 'Hello.\n',
      environment: { HOME: folder },
    })
    expect(ended.code).toBe(0)
    const got = await arrived('mailx')
    expect(got.envelope.rcptTo.map(({ address }) => address).sort()).toEqual([
      'copy@away.test',
      'far@away.test',
    ])
    expect(textOf(got)).toMatch(/\r\n\r\nHello\.\r\n$/)
  })

  it.runIf(isInstalled('neomutt'))('neomutt', async () => {
    const folder = resources.use(await temporaryFolder()).path
    const settings = join(folder, 'muttrc')
    await writeFile(
      settings,
      `set sendmail="${join(commands, 'sendmail')} -oem -oi"\nset from="Ann <ann@example.test>"\nset use_envelope_from=yes\nset copy=no\n`,
    )
    const words = ['-F', settings, '-s', 'mutt', '-b', 'blind@away.test', '--', 'far@away.test']
    const environment = { HOME: folder, TERM: 'dumb' }
    const ended = await runProgram('neomutt', words, { input: 'Grüße.\n', environment })
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' })
    const got = await arrived('mutt')
    expect(got.envelope).toMatchObject({ mailFrom: { address: 'ann@example.test' } })
    expect(got.envelope.rcptTo.map(({ address }) => address).sort()).toEqual([
      'blind@away.test',
      'far@away.test',
    ])
    expect(textOf(got)).not.toContain('blind')
  })
})
