import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { logIn } from '#services/delivery/remote/client/login.ts'
import { Session } from '#services/delivery/remote/client/session.ts'
import { Wire } from '#services/delivery/remote/client/wire.ts'
import { connectTcp } from '#services/delivery/remote/connect.ts'
import { openScriptedHost, type ScriptedAnswer } from '#test/support/sink-smtp.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const CHALLENGE = '<1896.697170952@relay.test>'

/** The greeting is the first reply that is read. */
async function login(mechanisms: string, answers: readonly ScriptedAnswer[]) {
  const replies = ['220 hi', ...answers].values()
  const host = stack.use(await openScriptedHost(() => replies.next().value ?? '500 what?'))
  const socket = await connectTcp({ address: '127.0.0.1', port: host.port, timeoutMs: 5_000 })
  stack.defer(() => void socket.destroy())
  const session = new Session({
    wire: new Wire(socket),
    protocol: 'smtp',
    peer: { host: 'relay.test', address: '192.0.2.1', port: 587 },
    extensions: new Map([['AUTH', mechanisms]]),
    greetedBy: 'relay.test',
    tls: 'Verified',
    tlsFailure: undefined,
    openedMs: 0,
  })
  await session.reply(5_000)
  const refused = await logIn(session, { user: 'bob', password: 'pässword' }, 5_000)
  return { refused, said: host.connections[0] ?? [], session }
}

describe('a login', () => {
  it('is PLAIN where that is offered (RFC 4616)', async () => {
    const { refused, said } = await login('CRAM-MD5 LOGIN PLAIN', ['235 2.7.0 welcome'])
    expect(refused).toBeUndefined()
    expect(said).toEqual([`AUTH PLAIN ${base64('\0bob\0pässword')}`])
  })

  it('is LOGIN where that is all', async () => {
    const { refused, said } = await login('LOGIN XOAUTH2', [
      `334 ${base64('Username:')}`,
      `334 ${base64('Password:')}`,
      '235 2.7.0 welcome',
    ])
    expect(refused).toBeUndefined()
    expect(said).toEqual(['AUTH LOGIN', base64('bob'), base64('pässword')])
  })

  it('is CRAM-MD5 where that is all (RFC 2195)', async () => {
    const { refused, said } = await login('CRAM-MD5', [`334 ${base64(CHALLENGE)}`, '235 welcome'])
    expect(refused).toBeUndefined()
    const digest = createHmac('md5', 'pässword').update(CHALLENGE).digest('hex')
    expect(said).toEqual(['AUTH CRAM-MD5', base64(`bob ${digest}`)])
  })

  it('is refused in the words of the host', async () => {
    expect((await login('PLAIN', ['535 5.7.8 wrong'])).refused).toMatchObject({ code: 535 })
    const early = await login('LOGIN', ['454 4.7.0 not now'])
    expect(early.refused).toMatchObject({ code: 454 })
    expect(early.said).toEqual(['AUTH LOGIN'])
    expect((await login('XOAUTH2', [])).refused).toBe('no mechanism')
  })

  it('has an end where the host does not stop asking', async () => {
    const { refused, said, session } = await login('LOGIN', ['334 ', '334 ', '334 ', '334 '])
    expect(refused).toMatchObject({ code: 334 })
    expect(said).toHaveLength(3)
    expect(session.isSpent).toBe(true)
  })
})
