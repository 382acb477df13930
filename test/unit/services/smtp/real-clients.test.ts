// Clients that we did not write, where they are installed.

import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { afterEach, describe, expect, it } from 'vitest'
import { createSmtpListener, type SmtpListener } from '#services/smtp/listener.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'

const run = promisify(execFile)

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

let listener: SmtpListener | undefined
afterEach(() => listener?.close({ graceMs: 0 }))

async function start(role: 'submission' | 'submissions') {
  const fakes = smtpFakes()
  listener = createSmtpListener({ role, address: '127.0.0.1' }, fakes)
  const { port } = await listener.listen()
  const accepted = () =>
    fakes.spool.accepted.map(({ envelope, spooled }) => ({
      sender: envelope.sender,
      recipients: envelope.recipients.map(({ address }) => address),
      smtpUtf8: envelope.smtpUtf8,
      content: fakes.spool.contents.get(spooled.queueId)?.toString(),
    }))
  return { port, accepted }
}

const python = `
import smtplib, ssl, sys
from email.message import EmailMessage
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as client:
    client.starttls(context=context)
    client.login(sys.argv[2], sys.argv[3])
    try:
        client.sendmail('a@b.example', ['unknown@d.example'], 'x')
        sys.exit('not refused')
    except smtplib.SMTPRecipientsRefused as refused:
        assert refused.recipients['unknown@d.example'][0] == 550
    message = EmailMessage()
    message['From'] = 'jürgen@b.example'; message['To'] = 'c@d.example'; message['Subject'] = 'grüße'
    message.set_content('.dot\\n..dots\\n')
    client.send_message(message)
    client.sendmail('a@b.example', ['c@d.example', 'e@d.example'], b'Subject: x\\r\\n\\r\\n.\\r\\n')
`

describe("Python's smtplib", () => {
  it.skipIf(!isInstalled('python3'))('logs in after STARTTLS and sends', async () => {
    const { port, accepted } = await start('submission')
    await run('python3', ['-c', python, String(port), goodLogin.login, goodLogin.password])
    expect(accepted()).toMatchObject([
      { sender: 'jürgen@b.example', smtpUtf8: true, recipients: ['c@d.example'] },
      {
        sender: 'a@b.example',
        recipients: ['c@d.example', 'e@d.example'],
        content: 'Subject: x\r\n\r\n.\r\n',
      },
    ])
    expect(accepted()[0]?.content).toMatch(/\r\n\r\n\.dot\r\n\.\.dots\r\n$/)
  })
})

describe('curl', () => {
  it.skipIf(!isInstalled('curl'))('sends over implicit TLS', async () => {
    const { port, accepted } = await start('submissions')
    const sending = run('curl', [
      ...['--silent', '--show-error', '--insecure', `smtps://127.0.0.1:${port}/client.example`],
      ...['--user', `${goodLogin.login}:${goodLogin.password}`],
      ...['--mail-from', 'a@b.example', '--mail-rcpt', 'c@d.example', '--upload-file', '-'],
    ])
    sending.child.stdin?.end('Subject: x\r\n\r\n.dot\r\n')
    await sending
    expect(accepted()).toMatchObject([
      {
        sender: 'a@b.example',
        recipients: ['c@d.example'],
        content: 'Subject: x\r\n\r\n.dot\r\n',
      },
    ])
  })
})

describe('nodemailer', () => {
  it('logs in after STARTTLS and sends', async () => {
    const { port, accepted } = await start('submission')
    const client = new SMTPConnection({
      port,
      host: '127.0.0.1',
      tls: { rejectUnauthorized: false },
    })
    await new Promise<void>((resolve) => client.connect(() => resolve()))
    const { login: user, password: pass } = goodLogin
    await promisify(client.login.bind(client))({ user, pass, credentials: { user, pass } })
    const content = 'Subject: x\r\n\r\n.dot\r\n'
    await promisify(client.send.bind(client))({ from: 'a@b.example', to: ['c@d.example'] }, content)
    const ended = once(client, 'end')
    client.quit()
    await ended
    expect(accepted()).toMatchObject([{ sender: 'a@b.example', content }])
  })
})
