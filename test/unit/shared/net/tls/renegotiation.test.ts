// A TLS 1.2 client can ask for another handshake as often as it likes, and pays little of what it costs us (CVE-2011-1473).

import { once } from 'node:events'
import { createServer } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { hotContext } from '#shared/net/hot-context.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** What IMAP and POP3 do with a socket. */
async function hotContextPort(): Promise<number> {
  const secureContext = hotContext(new FakeCertificates(), { minVersion: 'TLSv1.2' })
  const server = createServer((socket) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: secureContext() })
    secure.on('error', () => {})
    secure.write('welcome\r\n')
  })
  closing.push(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

async function submissionsPort(): Promise<number> {
  const listener = createSmtpListener({ role: 'submissions', address: '127.0.0.1' }, smtpFakes())
  closing.push(() => listener.close({ graceMs: 0 }))
  return (await listener.listen()).port
}

describe('a second handshake of TLS 1.2', () => {
  it.each([
    ['IMAP and POP3', hotContextPort],
    ['SMTP', submissionsPort],
  ])('is refused by %s', async (_, open) => {
    const port = await open()
    const client = connect({
      port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    })
    closing.push(() => client.destroy())
    const failed = new Promise<string>((resolve) => {
      client.on('error', (error) => resolve(String(error)))
    })
    await once(client, 'data')
    const outcome = new Promise<string>((resolve) => {
      client.renegotiate({ rejectUnauthorized: false }, (error) => {
        resolve(error ? String(error) : 'done')
      })
    })
    expect(await Promise.race([failed, outcome])).toMatch(/no.renegotiation/i)
  })
})
