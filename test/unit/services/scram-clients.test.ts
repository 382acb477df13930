// SCRAM-SHA-256 with the libraries of others, through clients that use them, where they are installed: GNU SASL (msmtp) and Cyrus
// SASL (mbsync).

import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { type Ended, isInstalled, runProgram } from '#test/support/program.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources: AsyncDisposableStack[] = []
afterEach(async () => {
  for (const stack of resources.splice(0)) await stack.disposeAsync()
})

function stack(): AsyncDisposableStack {
  const made = new AsyncDisposableStack()
  resources.push(made)
  return made
}

async function configuration(name: string, lines: readonly string[]): Promise<string> {
  const { path } = stack().use(await temporaryFolder())
  const file = join(path, name)
  await writeFile(file, `${lines.map((line) => line.replace('$HOME', path)).join('\n')}\n`)
  await chmod(file, 0o600)
  return file
}

describe.skipIf(!isInstalled('msmtp'))('msmtp with GNU SASL', () => {
  async function send(password: string) {
    const fakes = smtpFakes()
    const listener = createSmtpListener({ role: 'submissions', address: '127.0.0.1' }, fakes)
    const { port } = await listener.listen()
    stack().defer(() => listener.close({ graceMs: 0 }))
    const file = await configuration('msmtprc', [
      'account default',
      'host 127.0.0.1',
      `port ${port}`,
      'tls on',
      'tls_starttls off',
      'tls_certcheck off',
      'auth scram-sha-256',
      `user ${goodLogin.login}`,
      `password ${password}`,
      `from ${goodLogin.login}`,
    ])
    const ended: Ended = await runProgram('msmtp', ['-C', file, 'c@d.example'], {
      input: 'Subject: x\r\n\r\nbody\r\n',
    })
    return { ended, fakes }
  }

  it('logs in and sends', async () => {
    const { ended, fakes } = await send(goodLogin.password)
    expect(ended).toMatchObject({ code: 0 })
    expect(fakes.spool.accepted).toHaveLength(1)
    expect(fakes.authenticator.attempts).toEqual([])
  })

  it('is told of a wrong password', async () => {
    const { ended, fakes } = await send('falsch')
    expect(ended.stderr).toMatch(/535 5\.7\.8/)
    expect(fakes.spool.accepted).toEqual([])
  })
})

describe.skipIf(!isInstalled('mbsync'))('mbsync with Cyrus SASL', () => {
  async function list(password: string): Promise<Ended> {
    const server = await startImapServer({ options: { disablePlaintextAuth: 'yes' } })
    stack().defer(() => server.stop())
    const file = await configuration('mbsyncrc', [
      'IMAPAccount a',
      'Host 127.0.0.1',
      `Port ${server.port}`,
      'SSLType None',
      'User ann@example.test',
      `Pass ${password}`,
      'AuthMechs SCRAM-SHA-256',
      '',
      'IMAPStore far',
      'Account a',
      '',
      'MaildirStore near',
      'Path $HOME/',
      'Inbox $HOME/INBOX',
      '',
      'Channel all',
      'Far :far:',
      'Near :near:',
      'Patterns *',
    ])
    return runProgram('mbsync', ['-c', file, '--list', 'all'])
  }

  it('logs in where passwords are refused', async () => {
    const ended = await list('secret')
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('INBOX') })
  })

  it('is told of a wrong password', async () => {
    expect((await list('falsch')).stderr).toContain('Login failed')
  })
})
