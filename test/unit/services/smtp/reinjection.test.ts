import { afterEach, describe, expect, it } from 'vitest'
import { reinjectionPolicy } from '#services/assembly/reinjection.ts'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(options: Partial<SmtpListenerOptions> = {}) {
  const fakes = { ...smtpFakes(), policy: reinjectionPolicy }
  const listener = createSmtpListener(
    { role: 'reinjection', address: '127.0.0.1', ...options },
    fakes,
  )
  const { port } = await listener.listen()
  closing.push(() => listener.close({ graceMs: 0 }))
  const client = await SmtpClient.open(port)
  closing.push(() => client[Symbol.asyncDispose]())
  return { ...fakes, client }
}

describe('the listener of mail that comes back from a filter', () => {
  it('takes it for anybody, and keeps the fields of where it was before', async () => {
    const { client, spool } = await start()
    await client.hello()
    await client.envelope('', ['x@remote.test', 'y@other.test'])
    const text = 'Received: from a\r\nReceived: from b\r\nSubject: x\r\n\r\nbody\r\n'
    expect((await client.data(text)).code).toBe(250)
    const [accepted] = spool.accepted
    expect(accepted?.origin.listener).toBe('reinjection')
    expect(accepted?.prepend).toMatch(/^Received: from client\.test /)
    expect(accepted).not.toHaveProperty('filter')
    expect(String(spool.contents.get(accepted?.spooled.queueId ?? ('' as never)))).toBe(text)
  })

  it('offers no logins', async () => {
    const { client } = await start({ smtpdSaslAuthEnable: true })
    expect((await client.hello()).text).not.toMatch(/AUTH/)
  })

  it('turns everybody else away, also those who may relay', async () => {
    const { client } = await start({
      reinjectionTrustedNetworks: ['192.0.2.1'],
      mynetworks: ['127.0.0.0/8'],
    })
    expect(client.greeting.code).toBe(554)
  })
})
