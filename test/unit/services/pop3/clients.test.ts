// Clients that we did not write read the corner cases: Python's poplib and curl, where they are installed.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeMailbox, login, password, startPop3 } from '#test/support/pop3-fakes.ts'

const run = promisify(execFile)

async function isInstalled(program: string, ...args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    ({ stdout }) => program !== 'curl' || / pop3s /.test(stdout),
    () => false,
  )
}

const messages = [
  'Subject: one\r\n\r\nfirst\r\n.dot\r\n..\r\n.\r\nlast\r\n',
  'Subject: two\r\n\r\nno line end',
  `Subject: three\r\n\r\n${'long line '.repeat(50)}\r\n`.repeat(4_000),
]

let server: Awaited<ReturnType<typeof startPop3>>

beforeAll(async () => {
  server = await startPop3({
    mailbox: new FakeMailbox(messages),
    options: {
      endpoints: [
        { host: '127.0.0.1', port: 0, tls: 'starttls' },
        { host: '127.0.0.1', port: 0, tls: 'implicit' },
      ],
      disablePlaintextAuth: 'yes',
    },
  })
})

afterAll(() => server.listener.close({ graceMs: 0 }))

describe.skipIf(!(await isInstalled('python3', '--version')))('poplib', () => {
  const script = `
import hashlib, json, poplib, ssl, sys
mode, port, user, password = sys.argv[1:]
context = ssl._create_unverified_context()
if mode == 'stls':
    client = poplib.POP3('127.0.0.1', int(port))
    client.stls(context)
else:
    client = poplib.POP3_SSL('127.0.0.1', int(port), context=context)
client.utf8()
client.user(user)
client.pass_(password)
def digest(lines):
    return hashlib.sha256(b''.join(line + b'\\r\\n' for line in lines)).hexdigest()
print(json.dumps({
    'capabilities': sorted(client.capa()),
    'stat': client.stat(),
    'list': [line.decode() for line in client.list()[1]],
    'uidl': [line.decode() for line in client.uidl()[1]],
    'retr': [digest(client.retr(number)[1]) for number in (1, 2, 3)],
    'top': [line.decode() for line in client.top(1, 2)[1]],
    'dele': client.dele(1).decode(),
    'rset': client.rset().decode(),
    'quit': client.quit().decode(),
}))
`

  it.each(['stls', 'implicit'] as const)('reads everything over %s', async (mode) => {
    const port = String(server.ports[mode === 'stls' ? 0 : 1])
    const { stdout } = await run('python3', ['-c', script, mode, port, login, password])
    const sizes = messages.map((text) => (text.endsWith('\r\n') ? text : `${text}\r\n`).length)
    const { createHash } = await import('node:crypto')
    const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')
    expect(JSON.parse(stdout)).toEqual({
      capabilities: expect.arrayContaining(['SASL', 'TOP', 'UIDL', 'USER', 'UTF8']),
      stat: [3, sizes.reduce((sum, size) => sum + size, 0)],
      list: sizes.map((size, index) => `${index + 1} ${size}`),
      uidl: ['1 7-101', '2 7-102', '3 7-103'],
      retr: messages.map((text) => digest(text.endsWith('\r\n') ? text : `${text}\r\n`)),
      top: ['Subject: one', '', 'first', '.dot'],
      dele: '+OK message 1 deleted',
      rset: '+OK done',
      quit: '+OK bye',
    })
  })
})

describe.skipIf(!(await isInstalled('curl', '--version')))('curl', () => {
  it.each(['stls', 'implicit'] as const)('reads a message over %s', async (mode) => {
    const url =
      mode === 'stls'
        ? `pop3://127.0.0.1:${server.ports[0]}/`
        : `pop3s://127.0.0.1:${server.ports[1]}/`
    const curl = async (...args: readonly string[]) => {
      const common = ['-sS', '-k', '--ssl-reqd', '-u', `${login}:${password}`]
      const { stdout } = await run('curl', [...common, ...args], {
        encoding: 'latin1',
        maxBuffer: 10_000_000,
      })
      return stdout
    }
    expect(await curl(url)).toContain('3 ')
    expect(await curl(`${url}1`)).toBe(messages[0])
    expect((await curl(`${url}3`)) === messages[2]).toBe(true)
    expect(await curl('-X', 'UIDL', url)).toContain('2 7-102')
    expect(await curl('--login-options', 'AUTH=PLAIN', `${url}1`)).toBe(messages[0])
  })
})
