// IMAP clients that are not ours against a running server, as far as they are installed: they find what is in the folders, and
// what they change is there afterwards.

import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Account, firstAccounts } from '#test/support/accounts.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { type Ended, isInstalled, runProgram } from '#test/support/program.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let data: string
let server: ServerProcess
let alice: Account
/** Looks at the mailbox beside the client under test. */
let observer: ImapClient
/** For what the client keeps. */
let home: string

beforeAll(async () => {
  data = resources.use(await temporaryFolder()).path
  const settings = ['authFailureDelay=0', 'disablePlaintextAuth=loopback-allowed']
  server = await startServer(data, await freePorts(), settings)
  resources.defer(async () => void (await server.end('SIGTERM')))
  alice = firstAccounts(server).alice
  observer = await ImapClient.connect(server.ports.imap)
  resources.defer(() => observer.close())
  await observer.ok(`LOGIN ${alice.address} ${alice.password}`)
})
afterAll(() => resources.disposeAsync())

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  home = folder.path
})
afterEach(async () => {
  await folder[Symbol.asyncDispose]()
  await clear()
})

/** Leaves the account as it was at first. */
async function clear(): Promise<void> {
  const { untagged } = await observer.ok('LIST (SPECIAL-USE) "" *')
  const first = untagged.map((line) => line.replace(/.* /, ''))
  for (const name of ['INBOX', ...first]) {
    await observer.ok(`SELECT ${name}`)
    await observer.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)')
    await observer.ok('CLOSE')
  }
  for (const line of (await observer.ok('LIST "" *')).untagged.toReversed()) {
    const name = /"\/" (.*)$/.exec(line)?.[1] ?? ''
    if (name !== 'INBOX' && !first.includes(name)) await observer.ok(`DELETE ${name}`)
  }
}

function describeClient(program: string, body: () => void): void {
  const missing = !isInstalled(program)
  describe.skipIf(missing)(missing ? `${program} (skipped: it is not installed)` : program, body)
}

const letter = (subject: string) =>
  [
    `From: ${alice.address}`,
    `To: ${alice.address}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(' ', '-')}@client.test>`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    '',
    `body of ${subject}`,
    '.',
    'end',
    '',
  ].join('\r\n')

/** Puts a message into a folder, which is made if need be. */
async function put(subject: string, mailbox = 'INBOX', flags = ''): Promise<void> {
  if (mailbox !== 'INBOX') await observer.command(`CREATE ${mailbox}`)
  await observer.append(mailbox, letter(subject), flags && `${flags} `)
}

/** Subject and flags of what is in a folder, without \Recent. */
async function contents(mailbox = 'INBOX'): Promise<string[]> {
  if ((await observer.command(`EXAMINE ${mailbox}`)).status !== 'OK') return []
  const { untagged } = await observer.ok('UID FETCH 1:* (FLAGS ENVELOPE)')
  await observer.ok('UNSELECT')
  return untagged
    .filter((line) => line.includes('ENVELOPE'))
    .map((line) => {
      const subject = /ENVELOPE \("[^"]*" "([^"]*)"/.exec(line)?.[1] ?? '?'
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1] ?? '?'
      return `${subject} (${flags.split(' ').sort().join(' ')})`
    })
}

/** Runs it at home; it must succeed. */
async function run(program: string, ...words: string[]): Promise<Ended> {
  const ended = await runProgram(program, words, {
    environment: { HOME: home, SSL_CERT_FILE: certificate() },
  })
  expect(ended.code, `${program}: ${ended.stdout}${ended.stderr}`).toBe(0)
  return ended
}

async function configure(name: string, lines: readonly string[]): Promise<string> {
  const path = join(home, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  await chmod(path, 0o600)
  return path
}

const certificate = () => join(data, 'tls', 'self-signed.cert.pem')

// --------------------------------------------------------------------------------------------- maildirs

/** Paths of the messages in a maildir. */
async function maildir(...path: string[]): Promise<string[]> {
  const root = join(home, ...path)
  const found = await Promise.all(
    ['new', 'cur'].map(async (part) =>
      (await readdir(join(root, part)).catch(() => [])).map((name) => join(root, part, name)),
    ),
  )
  return found.flat()
}

async function only(...path: string[]): Promise<string> {
  const [file, ...more] = await maildir(...path)
  if (file === undefined || more.length > 0) throw new Error(`not one message in ${path}`)
  return file
}

async function deliver(subject: string, ...path: string[]): Promise<void> {
  const root = join(home, ...path)
  for (const part of ['new', 'cur', 'tmp']) await mkdir(join(root, part), { recursive: true })
  await writeFile(join(root, 'new', `1.1.${subject}`), letter(subject).replaceAll('\r\n', '\n'))
}

/** Marks a message with maildir letters, for example `FS`. */
async function mark(file: string, letters: string): Promise<void> {
  const to = file.replace(/\/new\//, '/cur/').replace(/:2,.*$/, '')
  await rename(file, `${to}:2,${letters}`)
}

describe('a client that synchronises', () => {
  describeClient('mbsync', () => {
    it.each([
      ['STARTTLS', 'imap'],
      ['IMAPS', 'imaps'],
    ] as const)('both ways over %s', async (tls, listener) => {
      const configuration = await configure('mbsyncrc', [
        'IMAPAccount a',
        `Host localhost`,
        `Port ${server.ports[listener]}`,
        `User ${alice.address}`,
        `Pass ${alice.password}`,
        `SSLType ${tls}`,
        `CertificateFile ${certificate()}`,
        'AuthMechs PLAIN',
        '',
        'IMAPStore far',
        'Account a',
        '',
        'MaildirStore near',
        `Path ${home}/mail/`,
        `Inbox ${home}/mail/INBOX`,
        'SubFolders Verbatim',
        '',
        'Channel all',
        'Far :far:',
        'Near :near:',
        'Patterns *',
        'Create Both',
        'Remove Both',
        'Expunge Both',
        'SyncState *',
      ])
      await mkdir(join(home, 'mail'))
      const sync = () => run('mbsync', '-c', configuration, '-q', 'all')
      await syncBothWays(sync, 'mail')
    })
  })

  describeClient('offlineimap', () => {
    it('both ways', async () => {
      const configuration = await configure('offlineimaprc', [
        '[general]',
        'accounts = a',
        `metadata = ${home}/metadata`,
        'ui = basic',
        '[Account a]',
        'localrepository = near',
        'remoterepository = far',
        '[Repository near]',
        'type = Maildir',
        `localfolders = ${home}/mail`,
        'sep = /',
        '[Repository far]',
        'type = IMAP',
        'remotehost = localhost',
        `remoteport = ${server.ports.imaps}`,
        'ssl = yes',
        `sslcacertfile = ${certificate()}`,
        `remoteuser = ${alice.address}`,
        `remotepass = ${alice.password}`,
      ])
      const sync = () => run('offlineimap', '-o', '-c', configuration)
      await syncBothWays(sync, 'mail')
    })
  })

  async function syncBothWays(sync: () => Promise<unknown>, root: string): Promise<void> {
    await put('first')
    await put('second', 'Work/Deep', '(\\Flagged)')
    await sync()
    expect((await only(root, 'Work/Deep')).replace(/.*,/, '')).toBe('F')
    const first = await only(root, 'INBOX')
    expect(await readFile(first, 'latin1')).toContain('body of first\n.\nend\n')
    // Changed here, made here; changed there.
    await mark(first, 'RS')
    await deliver('third', root, 'New')
    await observer.ok('SELECT Work/Deep')
    await observer.ok('STORE 1 FLAGS (\\Seen)')
    await observer.ok('UNSELECT')
    await sync()
    expect(await contents()).toEqual(['first (\\Answered \\Seen)'])
    expect(await contents('New')).toEqual(['third ()'])
    expect((await only(root, 'Work/Deep')).replace(/.*,/, '')).toBe('S')
    // Removed here, removed there.
    await unlink(await only(root, 'INBOX'))
    await observer.ok('SELECT Work/Deep')
    await observer.ok('STORE 1 +FLAGS (\\Deleted)')
    await observer.ok('CLOSE')
    await sync()
    expect(await contents()).toEqual([])
    expect(await maildir(root, 'Work/Deep')).toEqual([])
    expect(await contents('New')).toEqual(['third ()'])
  }
})

describe('a client that fetches', () => {
  describeClient('fetchmail', () => {
    it.each([
      ['STARTTLS', 'imap', "sslproto 'tls1.2+'"],
      ['TLS', 'imaps', 'ssl'],
    ] as const)('over %s takes the message away', async (_, listener, tls) => {
      await put('to fetch')
      const configuration = await configure('fetchmailrc', [
        `poll localhost proto imap port ${server.ports[listener]}`,
        `user "${alice.address}" password "${alice.password}"`,
        `${tls} sslcertfile ${certificate()} nokeep fetchall`,
        `mda "cat >>${home}/fetched"`,
      ])
      await run('fetchmail', '--nosyslog', '-f', configuration, '-i', join(home, 'ids'))
      expect(await readFile(join(home, 'fetched'), 'latin1')).toContain('body of to fetch')
      expect(await contents()).toEqual([])
    })
  })

  describeClient('getmail', () => {
    it('takes the message away', async () => {
      await put('to get')
      await configure('getmailrc', [
        '[retriever]',
        'type = SimpleIMAPSSLRetriever',
        'server = 127.0.0.1',
        `port = ${server.ports.imaps}`,
        `username = ${alice.address}`,
        `password = ${alice.password}`,
        'mailboxes = ("INBOX",)',
        '[destination]',
        'type = MDA_external',
        'path = /bin/sh',
        `arguments = ("-c", "cat >${home}/got")`,
        'allow_root_commands = true',
        '[options]',
        'delete = true',
        'verbose = 0',
      ])
      await run('getmail', '--getmaildir', home, '--rcfile', 'getmailrc')
      expect(await readFile(join(home, 'got'), 'latin1')).toContain('body of to get')
      expect(await contents()).toEqual([])
    })
  })
})

describeClient('imapfilter', () => {
  it('marks and moves what it finds', async () => {
    await put('to filter')
    await put('to leave')
    const configuration = await configure('filter.lua', [
      'options.timeout = 20',
      'options.create = true',
      'options.certificates = false',
      'options.hostnames = false',
      `account = IMAP { server = 'localhost', port = ${server.ports.imaps}, ssl = 'auto',`,
      `  username = '${alice.address}', password = '${alice.password}' }`,
      "found = account.INBOX:contain_subject('filter') * account.INBOX:contain_body('BODY OF')",
      'found:mark_flagged()',
      "found:move_messages(account['Filed'])",
    ])
    await mkdir(join(home, '.imapfilter'))
    await run('imapfilter', '-c', configuration)
    expect(await contents()).toEqual(['to leave ()'])
    expect(await contents('Filed')).toEqual(['to filter (\\Flagged)'])
  })
})

// It wants a terminal, which `script` gives it.
describe.skipIf(!isInstalled('neomutt') || !isInstalled('script'))('neomutt', () => {
  it('moves a message into another folder', async () => {
    await put('to keep')
    await observer.ok('CREATE Kept')
    const url = `imaps://localhost:${server.ports.imaps}`
    const configuration = await configure('muttrc', [
      `set imap_user="${alice.address}" imap_pass="${alice.password}" ssl_force_tls=yes`,
      `set certificate_file="${certificate()}" ssl_verify_dates=no`,
      `set folder="${url}/" spoolfile="${url}/INBOX" confirmappend=no delete=yes quit=yes move=no`,
      'set wait_key=no sleep_time=0 copy=no header_cache="" message_cachedir=""',
      'push "<first-entry><save-message>=Kept<enter><sync-mailbox><quit>"',
    ])
    await run('script', '-qec', `neomutt -n -F ${configuration}`, '/dev/null')
    expect(await contents()).toEqual([])
    expect((await contents('Kept')).map((line) => line.replace(/ \(.*/, ''))).toEqual(['to keep'])
  })
})

describeClient('python3', () => {
  it('goes through a whole session with imaplib', async () => {
    const script = fileURLToPath(new URL('../support/python/imap.py', import.meta.url))
    const environment = {
      IMAP: String(server.ports.imap),
      IMAPS: String(server.ports.imaps),
      LOGIN: alice.address,
      PASSWORD: alice.password,
    }
    const ended = await runProgram('python3', [script], { environment })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(await contents('Archive')).toEqual(['imaplib (\\Seen)'])
  })
})

describeClient('curl', () => {
  it.each([
    ['STARTTLS', 'imap', ['--ssl-reqd']],
    ['TLS', 'imaps', []],
  ] as const)('uploads, finds, reads, marks and deletes over %s', async (_, listener, tls) => {
    await observer.ok('CREATE Curl')
    const login = `${alice.address}:${alice.password}`
    const url = `${listener}://localhost:${server.ports[listener]}`
    async function curl(path: string, ...words: string[]): Promise<string> {
      const ended = await run('curl', '-sS', '-k', '-u', login, ...tls, `${url}/${path}`, ...words)
      return ended.stdout
    }
    const file = join(home, 'letter')
    await writeFile(file, letter('by curl'))
    await curl('Curl', '-T', file)
    expect(await curl('')).toContain('"/" Curl\r\n')
    expect(await curl('Curl?SUBJECT%20curl')).toBe('* SEARCH 1\r\n')
    expect(await curl('Curl;UID=1')).toBe(letter('by curl'))
    expect(await curl('Curl;UID=1;SECTION=TEXT')).toBe('body of by curl\r\n.\r\nend\r\n')
    await curl('Curl', '-X', 'STORE 1 +FLAGS (\\Flagged)')
    expect((await contents('Curl')).join()).toMatch(/^by curl \(\\Flagged \\Seen\)$/)
    await curl('Curl', '-X', 'STORE 1 +FLAGS (\\Deleted)')
    await curl('Curl', '-X', 'EXPUNGE')
    expect(await contents('Curl')).toEqual([])
  })
})

describe('imapflow', () => {
  async function open(options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
    const client = new ImapFlow({
      host: 'localhost',
      port: server.ports.imaps,
      secure: true,
      auth: { user: alice.address, pass: alice.password },
      tls: { rejectUnauthorized: false },
      logger: false,
      ...options,
    })
    await client.connect()
    return client
  }

  it('makes, renames and removes folders of any script', async () => {
    const client = await open()
    await client.mailboxCreate(['Arbeit', 'Über & Äpfel', '日本語'])
    const paths = async () => (await client.list()).map(({ path }) => path)
    expect(await paths()).toContain('Arbeit/Über & Äpfel/日本語')
    await client.mailboxRename('Arbeit/Über & Äpfel', 'Obst')
    expect(await paths()).toContain('Obst/日本語')
    await client.mailboxSubscribe('Obst')
    const listed = await client.list()
    expect(listed.find(({ path }) => path === 'Obst')?.subscribed).toBe(true)
    expect(listed.find(({ specialUse }) => specialUse === '\\Trash')?.path).toBe('Trash')
    for (const path of ['Obst/日本語', 'Obst', 'Arbeit']) await client.mailboxDelete(path)
    expect(await paths()).not.toContain('Obst')
    await client.logout()
  })

  it.each([
    ['over TLS, compressed', {}],
    ['over STARTTLS', { secure: false }],
  ])('appends, fetches, marks, copies, moves and removes %s', async (_, options) => {
    const { imap, imaps } = server.ports
    const client = await open({ ...options, port: 'secure' in options ? imap : imaps })
    await client.mailboxCreate('Other')
    for (let n = 1; n <= 10; n++) {
      await client.append('INBOX', letter(`flow ${n}`), n % 2 === 0 ? ['\\Seen', 'even'] : [])
    }
    const lock = await client.getMailboxLock('INBOX')
    const seen: string[] = []
    for await (const message of client.fetch('1:*', { envelope: true, flags: true, size: true })) {
      seen.push(`${message.envelope?.subject} ${message.size} ${message.flags?.has('even')}`)
    }
    expect(seen).toHaveLength(10)
    expect(seen[3]).toBe(`flow 4 ${letter('flow 4').length} true`)
    expect(await client.search({ seen: true, keyword: 'even' })).toEqual([2, 4, 6, 8, 10])
    expect(await client.search({ header: { 'message-id': 'flow-7@' }, body: 'BODY OF' })).toEqual([
      7,
    ])
    const { content } = await client.download('5')
    expect(content && (await text(content))).toBe(letter('flow 5'))
    await client.messageFlagsAdd('1', ['\\Flagged'])
    await client.messageFlagsRemove('2', ['\\Seen'])
    const copied = await client.messageCopy('1:2', 'Other')
    expect(copied).toMatchObject({ uidMap: { size: 2 } })
    await client.messageMove('3', 'Other')
    await client.messageDelete('3:9')
    expect(client.mailbox).toMatchObject({ exists: 2 })
    lock.release()
    await client.logout()
    expect(await contents()).toEqual(['flow 1 (\\Flagged)', 'flow 2 (even)'])
    expect(await contents('Other')).toEqual(['flow 1 (\\Flagged)', 'flow 2 (even)', 'flow 3 ()'])
  })

  it('hears in IDLE what another session does', async () => {
    const client = await open()
    const lock = await client.getMailboxLock('INBOX')
    const within = { signal: AbortSignal.timeout(15_000) }
    const exists = once(client, 'exists', within)
    const idling = client.idle()
    await put('new')
    expect((await exists)[0]).toMatchObject({ count: 1 })
    const flags = once(client, 'flags', within)
    await observer.ok('SELECT INBOX')
    await observer.ok('STORE 1 +FLAGS (\\Flagged)')
    expect((await flags)[0]).toMatchObject({ seq: 1, flags: new Set(['\\Flagged']) })
    const expunge = once(client, 'expunge', within)
    await observer.ok('STORE 1 +FLAGS.SILENT (\\Deleted)')
    await observer.ok('EXPUNGE')
    expect((await expunge)[0]).toMatchObject({ seq: 1 })
    await observer.ok('UNSELECT')
    await client.noop()
    await idling
    lock.release()
    await client.logout()
  })

  it('asks for what has changed since', async () => {
    await put('one')
    await put('two')
    const client = await open({ qresync: true })
    const lock = await client.getMailboxLock('INBOX')
    const { mailbox } = client
    const since = mailbox === false ? undefined : mailbox.highestModseq
    if (since === undefined) throw new Error('no HIGHESTMODSEQ')
    await client.messageFlagsAdd('2', ['\\Answered'])
    const changed: number[] = []
    for await (const { uid } of client.fetch('1:*', { flags: true }, { changedSince: since })) {
      changed.push(uid)
    }
    expect(changed).toHaveLength(1)
    lock.release()
    await client.logout()
  })

  it('is told that the password is wrong', async () => {
    const auth = { user: alice.address, pass: 'wrong' }
    await expect(open({ auth })).rejects.toMatchObject({ authenticationFailed: true })
  })
})
