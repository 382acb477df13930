// What the command changes is in force at once in a server that runs beside it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { logInWithScram, pop3Dialogue, ScramClient } from '#test/support/scram-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { Wire } from '#test/support/wire.ts'
import { cryptVectors } from '#test/unit/shared/auth/crypt-vectors.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account
let bob: Account

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    'authFailureDelay=0',
    'recipientDelimiter=',
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  ;({ alice, bob } = firstAccounts(server))
})
afterAll(() => resources.disposeAsync())

async function run(line: string, input = ''): Promise<void> {
  const ended = await commandLine([...line.split(' '), '--data', folder], { input })
  expect({ line, ...ended }).toMatchObject({ code: 0, stderr: '' })
}

async function logIn({ address, password }: Account): Promise<string> {
  await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
  return await pop3.logIn(address, password)
}

/** With SCRAM, bound to the TLS connection. */
async function scramLogIn({ address, password }: Account): Promise<string> {
  await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
  const data = pop3.wire.tls().exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
  const binding = { name: 'tls-exporter', data }
  const client = new ScramClient({ login: address, password, binding })
  const { status } = await logInWithScram(pop3Dialogue(pop3.wire), 'SCRAM-SHA-256-PLUS', client)
  return status
}

/** The reply to RCPT on port 25. */
async function rcpt(address: string): Promise<string> {
  await using smtp = await SmtpClient.open(server.ports.smtp)
  await smtp.hello()
  return (await smtp.envelope('sender@remote.test', address)).text
}

describe('a running server', () => {
  it('knows a new password, and no longer the old one', async () => {
    expect(await logIn(bob)).toMatch(/^\+OK/)
    await run(`account set ${bob.address} --password-stdin`, 'another one\n')
    expect(await logIn(bob)).toMatch(/^-ERR \[AUTH\]/)
    bob = { ...bob, password: 'another one' }
    expect(await logIn(bob)).toMatch(/^\+OK/)
  })

  it('knows it for SCRAM as well, and not before the first login when only its hash was given', async () => {
    const [password = '', hash = ''] = cryptVectors[2] ?? []
    expect(await scramLogIn(bob)).toMatch(/^\+OK/)
    await run(`account set ${bob.address} --password-stdin`, 'a third one\n')
    expect(await scramLogIn(bob)).toMatch(/^-ERR \[AUTH\]/)
    bob = { ...bob, password: 'a third one' }
    expect(await scramLogIn(bob)).toMatch(/^\+OK/)
    await run(`account set ${bob.address} --password-hash ${hash}`)
    expect(await scramLogIn(bob)).toMatch(/^-ERR \[AUTH\]/)
    bob = { ...bob, password }
    expect(await scramLogIn(bob)).toMatch(/^-ERR \[AUTH\]/)
    expect(await logIn(bob)).toMatch(/^\+OK/)
    expect(await scramLogIn(bob)).toMatch(/^\+OK/)
  })

  it('neither logs in nor takes mail for an account that is disabled', async () => {
    await run(`account set ${bob.address} --disable`)
    expect(await logIn(bob)).toMatch(/^-ERR \[AUTH\]/)
    expect(await rcpt(bob.address)).toMatch(/^550 5\.2\.1 /)
    await run(`account set ${bob.address} --enable`)
    expect(await logIn(bob)).toMatch(/^\+OK/)
    expect(await rcpt(bob.address)).toMatch(/^250 /)
  })

  it('takes mail for a new alias, and leads it where the alias leads now', async () => {
    expect(await rcpt('info@example.test')).toMatch(/^550 5\.1\.1 /)
    await run(`alias add info@example.test ${alice.address}`)
    await run(`alias set info@example.test ${bob.address}`)
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    await smtp.envelope('sender@remote.test', 'info@example.test')
    await smtp.data('Subject: info\r\n\r\n')
    const [message] = await takeMail(server, bob)
    expect(message).toContain('Subject: info')
    await run('alias remove info@example.test')
    expect(await rcpt('info@example.test')).toMatch(/^550 5\.1\.1 /)
  })

  it('serves a new domain and account, and refuses both once they are gone', async () => {
    const carol = { address: 'carol@new.test', password: 'a secret' }
    expect(await rcpt(carol.address)).toMatch(/^554 5\.7\.1 /)
    await run('domain add new.test')
    expect(await rcpt(carol.address)).toMatch(/^550 5\.1\.1 /)
    await run(`account add ${carol.address} --password-stdin`, carol.password)
    expect(await rcpt(carol.address)).toMatch(/^250 /)
    expect(await logIn(carol)).toMatch(/^\+OK 0 messages/)
    await run(`account remove ${carol.address}`)
    expect(await rcpt(carol.address)).toMatch(/^550 5\.1\.1 /)
    expect(await logIn(carol)).toMatch(/^-ERR \[AUTH\]/)
    await run('domain remove new.test')
    expect(await rcpt(carol.address)).toMatch(/^554 5\.7\.1 /)
  })

  it('refuses mail for a full mailbox until it is emptied or may be larger', async () => {
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    const send = async () => {
      const envelope = await smtp.envelope('sender@remote.test', alice.address)
      return envelope.code === 250
        ? (await smtp.data(`\r\n${'x'.repeat(300)}\r\n`)).text
        : envelope.text
    }
    await run(`account set ${alice.address} --quota 1KB`)
    expect(await send()).toMatch(/^250 /)
    await expect.poll(() => rcpt(alice.address), { timeout: 10_000 }).toMatch(/^452 4\.2\.2 /)
    await run(`account set ${alice.address} --quota unlimited`)
    await smtp.command('RSET')
    expect(await send()).toMatch(/^250 /)
    await expect.poll(() => logIn(alice), { timeout: 10_000 }).toMatch(/^\+OK 2 messages/)
    await run(`account set ${alice.address} --quota 1KB`)
    expect(await rcpt(alice.address)).toMatch(/^452 4\.2\.2 /)
    await takeMail(server, alice, 2)
    expect(await rcpt(alice.address)).toMatch(/^250 /)
  })

  it('takes mail again for a mailbox that was emptied', async () => {
    await using smtp = await SmtpClient.open(server.ports.smtp)
    await smtp.hello()
    await run(`account set ${alice.address} --quota 1KB`)
    await smtp.envelope('sender@remote.test', alice.address)
    await smtp.data(`\r\n${'x'.repeat(300)}\r\n`)
    await expect.poll(() => rcpt(alice.address), { timeout: 10_000 }).toMatch(/^452 4\.2\.2 /)
    await run(`account empty ${alice.address}`)
    expect(await rcpt(alice.address)).toMatch(/^250 /)
    expect(await logIn(alice)).toMatch(/^\+OK 0 messages/)
  })
})

describe('an old password hash', () => {
  const schemeOf = async (address: string): Promise<string> => {
    const { stdout } = await commandLine(['account', 'show', address, '--data', folder, '--json'])
    return JSON.parse(stdout).passwordScheme
  }

  it.each([
    ['DES', /^9J/, 'des-crypt'],
    ['$1$', /^\$1\$/, 'md5-crypt'],
    ['$5$', /^\$5\$/, 'sha256-crypt'],
    ['$6$', /^\$6\$/, 'sha512-crypt'],
    ['bcrypt', /^\$2b\$/, 'bcrypt'],
  ])('of %s lets its owner in and is hashed anew', async (name, pattern) => {
    const vector = cryptVectors.find(
      ([word, hash]) => word === 'correct horse' && pattern.test(hash),
    )
    if (vector === undefined) throw new Error('no such vector')
    const [password, hash] = vector
    const account = { address: `old${name.replaceAll('$', '')}@example.test`, password }
    await run(`account add ${account.address} --password-hash ${hash}`)
    const before = await schemeOf(account.address)
    expect(before).not.toBe('argon2id')
    expect(await logIn({ ...account, password: 'wrong' })).toMatch(/^-ERR \[AUTH\]/)
    expect(await schemeOf(account.address)).toBe(before)
    expect(await logIn(account)).toMatch(/^\+OK/)
    expect(await schemeOf(account.address)).toBe('argon2id')
    expect(await logIn(account)).toMatch(/^\+OK/)
  })
})

describe('a password that is no UTF-8', () => {
  // perl -e 'print crypt("Gr\xfc\xdfe", q($6$rounds=1000$saltsalt))'
  const hash =
    '$6$rounds=1000$saltsalt$g7Gtx/s.GNKVcYxKG3Ve4Iqg1241TEiEJSzpCm/0FIMzmRTuFg/pLQekiKD6FEmPOIaZJ0hXVu/AUpttBDGKs.'
  const sent = Buffer.from('Grüße', 'latin1')
  /** What a lossy decoding makes of it, and of many other passwords. */
  const lossy = Buffer.from(sent.toString('utf8'))

  async function pass(password: Uint8Array): Promise<string> {
    await using pop3 = await Pop3Client.open(server.ports.pop3s, { tls: true })
    await pop3.command(`USER ${bob.address}`)
    pop3.wire.write(Buffer.concat([Buffer.from('PASS '), password, Buffer.from('\r\n')]))
    return await pop3.status()
  }

  async function authPlain(password: Uint8Array): Promise<number> {
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.hello()
    const response = Buffer.concat([Buffer.from(`\0${bob.address}\0`), password])
    return (await smtp.command(`AUTH PLAIN ${response.toString('base64')}`)).code
  }

  async function login(password: Uint8Array): Promise<string> {
    const wire = await Wire.open(server.ports.imaps, true)
    const line = () => wire.read((bytes) => bytes.includes('\r\n'))
    await line()
    wire.write(`a LOGIN ${bob.address} {${password.length}+}\r\n`)
    wire.write(Buffer.concat([password, Buffer.from('\r\n')]))
    const answer = (await line()).toString('latin1')
    wire.destroy()
    return answer
  }

  it('lets in whoever sends the same bytes, by every protocol, and nobody else', async () => {
    await run(`account set ${bob.address} --hash-stdin`, hash)
    // The second round is against the hash that the first login left.
    for (let round = 0; round < 2; round++) {
      expect(await pass(lossy)).toMatch(/^-ERR \[AUTH\]/)
      expect(await authPlain(lossy)).toBe(535)
      expect(await login(lossy)).toMatch(/^a NO /)
      expect(await pass(sent)).toMatch(/^\+OK/)
      expect(await authPlain(sent)).toBe(235)
      expect(await login(sent)).toMatch(/^a OK /)
    }
  })

  it('and one word is one password, whatever form of it a client sends', async () => {
    await run(`account set ${bob.address} --password-stdin`, 'Amélie Poulain')
    for (const form of ['NFC', 'NFD']) {
      const password = Buffer.from('Amélie Poulain'.normalize(form))
      expect(await pass(password)).toMatch(/^\+OK/)
      expect(await authPlain(password)).toBe(235)
      expect(await login(password)).toMatch(/^a OK /)
    }
    await run(`account set ${bob.address} --password-stdin`, 'plain again')
    bob = { ...bob, password: 'plain again' }
  })
})
