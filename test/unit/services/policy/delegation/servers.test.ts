import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  type AskOptions,
  createPolicyServers,
  POLICY_CONNECTIONS_MAX,
} from '#services/policy/delegation/servers.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { answering, type PolicyAnswer, startPolicyServer } from '#test/support/policy-server.ts'
import { freePort } from '#test/support/server-process.ts'

const SECOND = 1_000

const usual: AskOptions = {
  timeout: 10 * SECOND,
  maxIdle: 300 * SECOND,
  maxTtl: 1_000 * SECOND,
  requestLimit: 0,
  tryLimit: 2,
  retryDelay: 0,
}

async function open(answer: PolicyAnswer) {
  const server = await startPolicyServer(answer)
  const clock = new ManualClock(0)
  const asked = createPolicyServers({ clock }).at(server.endpoint)
  const ask = (name = 'a', options: Partial<AskOptions> = {}) =>
    asked.ask(`name=${name}\n\n`, { ...usual, ...options })
  return { server, clock, ask, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const failure = (message: string) =>
  expect.objectContaining({
    name: 'PolicyServerFailure',
    message: expect.stringContaining(message),
  })

describe('a policy server', () => {
  it('is asked over a connection that is kept', async () => {
    await using parts = await open((socket, request) =>
      answering(`OK ${request.get('name')}`)(socket, request),
    )
    expect(await parts.ask('a')).toBe('OK a')
    expect(await parts.ask('b')).toBe('OK b')
    expect(parts.server.connections()).toBe(1)
  })

  it('gets one request at a time over each, and each its own answer', async () => {
    const waiting: (() => void)[] = []
    await using parts = await open((socket, request) => {
      waiting.push(() => answering(`OK ${request.get('name')}`)(socket, request))
    })
    const names = Array.from({ length: POLICY_CONNECTIONS_MAX + 5 }, (_, i) => String(i))
    const answers = Promise.all(names.map((name) => parts.ask(name)))
    while (waiting.length < POLICY_CONNECTIONS_MAX) await turn()
    for (let rounds = 0; rounds < 20; rounds += 1) await turn()
    expect(parts.server.requests).toHaveLength(POLICY_CONNECTIONS_MAX)
    while (parts.server.requests.length < names.length || waiting.length > 0) {
      // The last first.
      waiting.pop()?.()
      await turn()
    }
    expect(await answers).toEqual(names.map((name) => `OK ${name}`))
    expect(parts.server.connections()).toBe(POLICY_CONNECTIONS_MAX)
  })

  it('is asked anew over another connection after so many requests, or so much time', async () => {
    await using parts = await open(answering('OK'))
    await parts.ask('a', { requestLimit: 2 })
    await parts.ask('b', { requestLimit: 2 })
    await parts.ask('c', { requestLimit: 2 })
    expect(parts.server.connections()).toBe(2)
    await parts.clock.advance(usual.maxTtl - 1)
    await parts.ask()
    expect(parts.server.connections()).toBe(2)
    await parts.clock.advance(1)
    await parts.ask()
    expect(parts.server.connections()).toBe(3)
  })

  it('that was not asked for long hears of the end of the connection', async () => {
    await using parts = await open(answering('OK'))
    await parts.ask('a', { maxIdle: 5 })
    const [socket] = parts.server.sockets
    if (socket && !socket.closed) await once(socket, 'close')
    expect(parts.server.sockets.size).toBe(0)
    expect(await parts.ask()).toBe('OK')
  })

  it('that is slow has failed when its time is over, and is asked once more', async () => {
    await using parts = await open(() => undefined)
    const answer = expect(parts.ask()).rejects.toEqual(failure('does not answer within 10000 ms'))
    while (parts.server.requests.length < 1) await turn()
    await parts.clock.advance(10 * SECOND)
    while (parts.server.requests.length < 2) await turn()
    await parts.clock.advance(10 * SECOND)
    await answer
    expect(parts.server.requests).toHaveLength(2)
  })

  it('that answers at the second attempt has answered', async () => {
    let attempts = 0
    await using parts = await open((socket, request) => {
      attempts += 1
      if (attempts === 1) socket.destroy()
      else answering('DUNNO')(socket, request)
    })
    const answer = parts.ask('a', { retryDelay: SECOND })
    while (attempts < 1) await turn()
    // For the first attempt's time to end, and then for the delay.
    while (attempts < 2) {
      await parts.clock.advance(SECOND)
      await turn()
    }
    expect(await answer).toBe('DUNNO')
  })

  it('that closed a connection while it rested is asked over another at once', async () => {
    await using parts = await open(answering('OK'))
    await parts.ask()
    const [socket] = parts.server.sockets
    socket?.destroy()
    expect(await parts.ask('b', { retryDelay: 60 * SECOND })).toBe('OK')
    expect(parts.server.connections()).toBe(2)
  })

  it('that closes every time has failed', async () => {
    await using parts = await open((socket) => socket.end())
    await expect(parts.ask()).rejects.toEqual(failure('closes the connection'))
    expect(parts.server.requests).toHaveLength(2)
  })

  it('that speaks unasked is not believed', async () => {
    await using parts = await open((socket, request) => {
      answering(`OK ${request.get('name')}`)(socket, request)
    })
    expect(await parts.ask('a')).toBe('OK a')
    const [socket] = parts.server.sockets
    socket?.write('action=OK forged\n\n')
    while (parts.server.sockets.size > 0) await turn()
    expect(await parts.ask('b')).toBe('OK b')
    expect(parts.server.connections()).toBe(2)
  })

  it.each([
    ['more than was asked', 'action=OK\n\naction=OK\n\n'],
    ['without an action', 'status=fine\n\n'],
    ['a line that is no name=value', '220 mail.example.test ESMTP\n\n'],
    ['more than 8192 bytes', `${'x=y\n'.repeat(3_000)}\n`],
  ])('that answers %s has failed', async (what, text) => {
    await using parts = await open((socket) => void socket.write(text))
    await expect(parts.ask('a', { tryLimit: 1 })).rejects.toEqual(failure(what))
    while (parts.server.sockets.size > 0) await turn()
  })

  it('that is not there has failed', async () => {
    const endpoint = { kind: 'inet', host: '127.0.0.1', port: await freePort() } as const
    const server = createPolicyServers({ clock: new ManualClock(0) }).at(endpoint)
    await expect(server.ask('name=a\n\n', usual)).rejects.toThrow('ECONNREFUSED')
    const missing = { kind: 'unix', path: '/nowhere/socket' } as const
    const other = createPolicyServers({ clock: new ManualClock(0) }).at(missing)
    await expect(other.ask('name=a\n\n', usual)).rejects.toThrow('ENOENT')
  })
})
