import { expect, it, onTestFinished } from 'vitest'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { goodLogin, smtpFakes } from '#test/support/smtp-fakes.ts'

it.each([
  ['EHLO', true],
  ['HELO', false],
])('policy is told where a client came in, and that it said %s', async (command, extended) => {
  const fakes = smtpFakes()
  const listener = createSmtpListener({ role: 'smtp', address: '127.0.0.1' }, fakes)
  const { port } = await listener.listen()
  onTestFinished(() => listener.close({ graceMs: 0 }))
  await using smtp = await SmtpClient.open(port)
  await smtp.command(`${command} client.test`)
  await smtp.envelope('a@b.test', 'c@d.test')
  expect(fakes.policy.recipientRequests[0]?.origin).toMatchObject({
    helo: 'client.test',
    dialogue: { extended, localAddress: '127.0.0.1', localPort: port },
  })
})

it('policy is told by which mechanism it logged in', async () => {
  const fakes = smtpFakes()
  const listener = createSmtpListener({ role: 'submissions', address: '127.0.0.1' }, fakes)
  const { port } = await listener.listen()
  onTestFinished(() => listener.close({ graceMs: 0 }))
  await using smtp = await SmtpClient.open(port, { tls: true })
  await smtp.hello()
  expect((await smtp.logIn(goodLogin.login, goodLogin.password)).code).toBe(235)
  await smtp.envelope(goodLogin.login, 'c@d.test')
  expect(fakes.policy.recipientRequests[0]?.origin.dialogue?.mechanism).toBe('PLAIN')
})
