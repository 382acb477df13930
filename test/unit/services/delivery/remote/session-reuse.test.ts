// Several messages in one session: when it is kept, for whom, and what becomes of a message whose session turns out to be over.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  SESSION_IDLE_MS,
  SESSIONS_KEPT_MAX,
  SessionCache,
} from '#services/delivery/remote/client/session-cache.ts'
import { createSmtpTransport } from '#services/delivery/remote/smtp-transport.ts'
import type { Transfer } from '#services/delivery/remote/transport.ts'
import type { Contact } from '#shared/contracts/delivery.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { textMessage } from '#test/support/outbound-text.ts'
import { dialling, type RemoteSettings, remoteWay } from '#test/support/remote-way.ts'
import { openScriptedHost, openSink, type ScriptedAnswer } from '#test/support/sink-smtp.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

/** Of two domains with one mail host. */
const zone: FakeZone = {
  'there.test': { mx: ['10 mx.there.test'] },
  'also.test': { mx: ['10 mx.there.test'] },
  'mx.there.test': { a: ['192.0.2.1'] },
}

const host = async (
  say: (line: string, connection: number, nth: number) => ScriptedAnswer | undefined,
  offers = 'PIPELINING',
) => {
  const counts = new Map<string, number>()
  return stack.use(
    await openScriptedHost((line, connection) => {
      const key = `${connection} ${line}`
      const nth = (counts.get(key) ?? 0) + 1
      counts.set(key, nth)
      const said = say(line, connection, nth)
      if (said !== undefined) return said
      if (line === '') return '220 host.test'
      if (line.startsWith('EHLO')) return `250-host.test\r\n250 ${offers}`
      return line === 'DATA' ? '354 go on' : `250 2.0.0 fine ${connection}`
    }),
  )
}

function delivery(there: { readonly port: number }, settings: RemoteSettings = {}) {
  const clock = new ManualClock(1_000_000)
  const sessions = new SessionCache({ onDemand: false, lifeMs: 300_000 }, clock)
  stack.defer(() => sessions.close())
  const way = remoteWay(createFakeResolver(zone), dialling({ '192.0.2.1': there }), {
    sessions,
    ...settings,
  })
  const transport = createSmtpTransport({ ...way, clock })
  const contacts: Contact[] = []
  return {
    clock,
    sessions,
    contacts,
    deliver: async (changes: Partial<Transfer> & { readonly to?: string } = {}) => {
      const { to = 'there.test', ...others } = changes
      const { results } = await transport.deliver({
        queueId: '01ARZ3NDEKTSV4RRFF',
        route: routeTo(to),
        sender: 'bob@here.test',
        recipients: [{ address: `carol@${to}`, notify: [], originalRecipient: null }],
        dsnReturn: null,
        dsnEnvelopeId: null,
        requireTls: false,
        ageMs: 0,
        openMessage: async () => textMessage('Subject: x\r\n\r\nx\r\n'),
        onContact: (contact) => contacts.push(contact),
        ...others,
      })
      return results[0]
    },
  }
}

const delivered = { kind: 'delivered' }

describe('a session', () => {
  it.each([['PIPELINING'], ['SIZE']])('takes several messages, with %s', async (offers) => {
    const there = await host(() => undefined, offers)
    const { deliver, contacts } = delivery(there)
    for (let i = 0; i < 3; i++) expect(await deliver()).toMatchObject(delivered)
    expect(there.connections).toHaveLength(1)
    expect(there.connections[0]?.filter((line) => line === 'RSET')).toHaveLength(2)
    expect(there.bodies).toHaveLength(3)
    const relay = 'mx.there.test[192.0.2.1]:25'
    expect(contacts).toEqual([
      { relay, connectMs: 0 },
      { relay, connectMs: 0, sessionUse: 2 },
      { relay, connectMs: 0, sessionUse: 3 },
    ])
  })

  it('under TLS is tried and used in the same way', async () => {
    const there = stack.use(await openSink())
    const { deliver, contacts } = delivery(there)
    for (let i = 0; i < 3; i++) expect(await deliver()).toMatchObject(delivered)
    expect(there.messages.map(({ secure }) => secure)).toEqual([true, true, true])
    expect(contacts.map(({ tls, sessionUse }) => [tls?.split(' ', 1)[0], sessionUse])).toEqual([
      ['Untrusted', undefined],
      ['Untrusted', 2],
      ['Untrusted', 3],
    ])
  })

  it('is used for another domain of the same host', async () => {
    const there = await host(() => undefined)
    const { deliver } = delivery(there)
    expect(await deliver()).toMatchObject(delivered)
    expect(await deliver({ to: 'also.test' })).toMatchObject(delivered)
    expect(there.connections).toHaveLength(1)
  })

  it('is not used for who asks for other protection', async () => {
    const there = await host(() => undefined)
    const { deliver } = delivery(there, {
      securityOf: async ({ hop, ageMs }) =>
        hop.host === 'also.test' || ageMs > 0
          ? { kind: 'deferred', status: '4.7.5', reply: 'not in clear' }
          : { kind: 'clear' },
    })
    expect(await deliver()).toMatchObject(delivered)
    expect(await deliver({ to: 'also.test' })).toMatchObject({ kind: 'deferred', status: '4.7.5' })
    expect(await deliver({ ageMs: 1 })).toMatchObject({ kind: 'deferred', status: '4.7.5' })
    expect(there.connections).toHaveLength(1)
  })

  it.each([
    ['RSET', null, 'PIPELINING'],
    ['RSET', '421 4.4.2 idle too long', 'PIPELINING'],
    ['RSET', '500 what?', 'PIPELINING'],
    ['MAIL', '421 4.7.0 too many', 'PIPELINING'],
    ['MAIL', null, 'PIPELINING'],
    ['RCPT', null, 'PIPELINING'],
    ['DATA', '421 4.3.2 bye', 'PIPELINING'],
    ['RSET', null, 'SIZE'],
    ['RSET', '421 4.4.2 idle too long', 'SIZE'],
    ['MAIL', '421 4.7.0 too many', 'SIZE'],
    ['DATA', null, 'SIZE'],
  ])(
    'that ends at %s with %j (%s) is replaced, and nobody is told',
    async (command, reply, offers) => {
      const there = await host(
        (line, connection, nth) =>
          connection === 0 && line.startsWith(command) && nth === (command === 'RSET' ? 1 : 2)
            ? reply
            : undefined,
        offers,
      )
      const { deliver, contacts } = delivery(there)
      expect(await deliver()).toMatchObject(delivered)
      expect(await deliver()).toMatchObject({ ...delivered, reply: '250 2.0.0 fine 1' })
      expect(there.connections).toHaveLength(2)
      expect(there.bodies).toHaveLength(2)
      expect(contacts.map(({ sessionUse }) => sessionUse)).toEqual([undefined, undefined])
    },
  )

  it('that is lost with the end of a message is not replaced: the message may have been taken', async () => {
    const there = await host((line, _connection, nth) =>
      line === '.' && nth === 2 ? null : undefined,
    )
    const { deliver } = delivery(there)
    expect(await deliver()).toMatchObject(delivered)
    expect(await deliver()).toMatchObject({
      kind: 'deferred',
      status: '4.4.2',
      reply: expect.stringContaining('may be sent more than once'),
    })
    expect(there.connections).toHaveLength(1)
    expect(there.bodies).toHaveLength(2)
  })

  it.each([
    ['MAIL', '503 5.5.1 bad sequence'],
    ['RCPT', '555 5.5.4 no such parameter'],
    ['DATA', '421 4.3.2 going down'],
    ['DATA', '250 what?'],
    ['.', '354 more'],
  ])('is not used again after %s was answered with %s', async (command, reply) => {
    const there = await host((line, connection) =>
      connection === 0 && line.startsWith(command) ? reply : undefined,
    )
    const { deliver, sessions } = delivery(there)
    expect(await deliver()).not.toMatchObject(delivered)
    expect(sessions.size).toBe(0)
    expect(await deliver()).toMatchObject(delivered)
    expect(there.connections).toHaveLength(2)
  })

  it('is used again after a recipient or the message was refused', async () => {
    const there = await host((line, _connection, nth) =>
      nth === 1 && line.startsWith('RCPT')
        ? '550 5.1.1 no'
        : nth === 2 && line === '.'
          ? '554 5.6.0 no'
          : undefined,
    )
    const { deliver } = delivery(there)
    expect(await deliver()).toMatchObject({ kind: 'failed', status: '5.1.1' })
    expect(await deliver()).toMatchObject({ kind: 'failed', status: '5.6.0' })
    expect(await deliver()).toMatchObject(delivered)
    expect(there.connections).toHaveLength(1)
  })

  it.each<[string, ScriptedAnswer, object]>([
    ['RCPT', '450 4.2.0 greylisted', {}],
    ['MAIL', '451 4.3.0 busy', {}],
    ['.', '452 4.3.1 full', {}],
    [
      'nothing',
      '',
      { recipients: [{ address: 'josé@there.test', notify: [], originalRecipient: null }] },
    ],
  ])(
    'is not asked twice in one attempt, after %s was answered with %s',
    async (command, reply, changes) => {
      const there = await host((line, _connection, nth) =>
        nth > 1 && line.startsWith(command) ? reply : undefined,
      )
      const { deliver } = delivery(there)
      expect(await deliver()).toMatchObject(delivered)
      const result = await deliver(changes)
      expect(result?.kind).not.toBe('delivered')
      expect(there.connections).toHaveLength(1)
      expect(
        there.connections.flat().filter((line) => line.startsWith('MAIL')).length,
      ).toBeLessThan(3)
    },
  )

  it('is given up while it waits when the host says something, or hangs up', async () => {
    const there = stack.use(
      await openSink({ options: { disabledCommands: ['STARTTLS'], socketTimeout: 500 } }),
    )
    const { deliver, sessions } = delivery(there)
    expect(await deliver()).toMatchObject(delivered)
    expect(sessions.size).toBe(1)
    await vi.waitFor(() => expect(sessions.size).toBe(0), 5_000)
    expect(await deliver()).toMatchObject(delivered)
  })

  it('waits for two seconds, and says goodbye', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const there = await host(() => undefined)
      const { deliver, sessions } = delivery(there)
      expect(await deliver()).toMatchObject(delivered)
      vi.advanceTimersByTime(SESSION_IDLE_MS - 1)
      expect(sessions.size).toBe(1)
      vi.advanceTimersByTime(1)
      expect(sessions.size).toBe(0)
      vi.useRealTimers()
      await vi.waitFor(() => expect(there.connections[0]?.at(-1)).toBe('QUIT'))
    } finally {
      vi.useRealTimers()
    }
  })

  it('has an end, however busy it is', async () => {
    const there = await host(() => undefined)
    const { deliver, clock } = delivery(there)
    await deliver()
    await clock.advance(300_000)
    await deliver()
    expect(there.connections).toHaveLength(2)
  })

  it('is one of a bounded number', async () => {
    const there = await host(() => undefined)
    const { deliver, sessions } = delivery(there)
    await Promise.all(Array.from({ length: SESSIONS_KEPT_MAX + 10 }, () => deliver()))
    expect(sessions.size).toBe(SESSIONS_KEPT_MAX)
  })

  it('is ended in order when no mail is to follow', async () => {
    const there = await host(() => undefined)
    const { deliver, sessions } = delivery(there)
    await deliver()
    sessions.close()
    await vi.waitFor(() => expect(there.connections[0]?.at(-1)).toBe('QUIT'))
    await deliver()
    expect(sessions.size).toBe(0)
    await vi.waitFor(() => expect(there.connections[1]?.at(-1)).toBe('QUIT'))
  })

  it('is kept on demand: where one delivery follows another within a second, or runs beside it', async () => {
    const there = await host(() => undefined)
    const clock = new ManualClock(1_000_000)
    const sessions = new SessionCache({ onDemand: true, lifeMs: 300_000 }, clock)
    stack.defer(() => sessions.close())
    const { deliver } = delivery(there, { sessions })
    await deliver()
    expect(sessions.size).toBe(0)
    await clock.advance(1_001)
    await deliver()
    expect(sessions.size).toBe(0)
    await clock.advance(1_000)
    await deliver()
    expect(sessions.size).toBe(1)
    expect(there.connections).toHaveLength(3)
    await deliver()
    expect(there.connections).toHaveLength(3)
    sessions.close()
    const others = new SessionCache({ onDemand: true, lifeMs: 300_000 }, clock)
    stack.defer(() => others.close())
    const beside = delivery(there, { sessions: others })
    await Promise.all([beside.deliver(), beside.deliver(), delay(1)])
    expect(others.size).toBeGreaterThan(0)
  })
})
