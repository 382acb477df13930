// The server over real sockets: what it takes, what it refuses, and how it ends.

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { forwardedCaller } from '#services/http/forwarded.ts'
import { type HttpServer, openHttpServer } from '#services/http/server.ts'
import { createSite } from '#services/http/site.ts'
import type { WebCaller, WebPart } from '#shared/contracts/web.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const resources: (() => unknown)[] = []
afterEach(async () => {
  for (const end of resources.splice(0).reverse()) await end()
  agent.destroy()
})

const parts: readonly WebPart[] = [
  {
    name: 'open',
    over: 'any',
    handler: async ({ url }) => (url.endsWith('/open') ? new Response('open') : undefined),
  },
  {
    name: 'echo',
    over: 'private',
    async handler(asked, caller) {
      const { pathname } = new URL(asked.url)
      if (pathname === '/caller') return Response.json(caller)
      if (pathname === '/stream') return new Response(endless(asked.signal))
      if (pathname === '/broken') throw new Error('broken')
      if (pathname !== '/echo') return undefined
      return new Response(`${asked.method} ${await asked.text()}`)
    },
  },
]

/** A chunk now, and then nothing until the client goes. */
let left: Promise<void> = Promise.resolve()
function endless(signal: AbortSignal): ReadableStream<Uint8Array> {
  left = new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
  return new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('first\n')) })
}

async function open(limit = 50, proxies: readonly string[] = []): Promise<number> {
  const log = new MemoryLog()
  const server: HttpServer = await openHttpServer({
    addresses: ['127.0.0.1'],
    port: 0,
    tls: undefined,
    answer: createSite({ parts, httpsPort: 8443, log }),
    limits: { clientConnectionCountLimit: limit },
    callerOf: forwardedCaller(proxies),
    clock: systemClock,
    log,
  })
  resources.push(() => server.close())
  return server.at[0]?.port ?? 0
}

async function ask(port: number, path: string, { method = 'GET', headers = {}, body = '' } = {}) {
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent })
  asked.end(body)
  const [response] = await once(asked, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

async function wire(port: number, words: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  resources.push(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(words)
  return socket
}

describe('a connection', () => {
  it('is kept for the next request, and answers in order what is sent ahead', async () => {
    const port = await open()
    const socket = await wire(
      port,
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\noneGET /open HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    const told = await text(socket)
    expect(told.indexOf('POST one')).toBeGreaterThan(0)
    expect(told.indexOf('\r\n\r\nopen')).toBeGreaterThan(told.indexOf('POST one'))
  })

  it('sends not too much ahead', async () => {
    const port = await open()
    const flood = 'GET /echo HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200)
    const socket = await wire(port, flood)
    const told = await text(socket).catch(() => '')
    expect(told.split('HTTP/1.1 200').length).toBeLessThan(200)
  })

  it('is one of so many of its client', async () => {
    const port = await open(2)
    const first = await wire(port, 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(first, 'data')
    await wire(port, 'GET /slow')
    const third = await wire(port, 'GET /echo HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await text(third).catch(() => '')).toBe('')
    first.destroy()
    await left
  })
})

describe('a request', () => {
  it('by HEAD is told as by GET, without its body', async () => {
    const port = await open()
    expect(await ask(port, '/echo', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it.each([
    ['without a host that is one', 'GET /echo HTTP/1.1\r\nHost: a/b?c\r\n\r\n', '400'],
    ['with two hosts', 'GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400'],
    ['of a proxy', 'GET http://elsewhere.test/ HTTP/1.1\r\nHost: a\r\n\r\n', '400'],
    ['by a method that nobody may ask by', 'TRACE /echo HTTP/1.1\r\nHost: a\r\n\r\n', '400'],
    [
      'with two lengths',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      '400',
    ],
    [
      'with a length and chunks',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    [
      'longer than anybody reads',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n',
      '400',
    ],
    ['that is none', 'EHLO client.test\r\n', '400'],
  ])('%s is refused', async (_, words, status) => {
    const socket = await wire(await open(), words)
    const [told] = await once(socket, 'data')
    expect(String(told)).toContain(`HTTP/1.1 ${status}`)
  })

  it('that fails is a failure of ours, and no more is told', async () => {
    const port = await open()
    expect(await ask(port, '/broken')).toMatchObject({
      status: 500,
      body: 'this went wrong here\n',
    })
  })

  it('is answered as it comes, until who asks goes', async () => {
    const socket = await wire(await open(), 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
    let told = ''
    while (!told.includes('first')) told += String((await once(socket, 'data'))[0])
    expect(told).toContain('Transfer-Encoding: chunked')
    socket.destroy()
    await left
  })
})

describe('who asks', () => {
  const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7', 'x-forwarded-proto': 'https' }
  const callerOf = async (port: number): Promise<WebCaller> =>
    JSON.parse((await ask(port, '/caller', { headers })).body)

  it('is the client, whatever it says', async () => {
    expect(await callerOf(await open())).toEqual({ address: '127.0.0.1', isSecure: false })
  })

  it('is told by a proxy that is trusted, which adds to what it was told', async () => {
    const port = await open(50, ['127.0.0.0/8'])
    expect(await callerOf(port)).toEqual({ address: '203.0.113.7', isSecure: true })
  })

  it('in clear from elsewhere gets what is for all, and is sent to TLS for the rest', async () => {
    const port = await open(50, ['127.0.0.0/8'])
    const plain = { headers: { 'x-forwarded-for': '203.0.113.7', host: `mail.test:${port}` } }
    expect(await ask(port, '/open', plain)).toMatchObject({ status: 200, body: 'open' })
    const sent = await ask(port, '/caller?x=1', plain)
    expect(sent.status).toBe(308)
    expect(sent.headers.location).toBe('https://mail.test:8443/caller?x=1')
    expect(await ask(port, '/echo', { ...plain, method: 'POST' })).toMatchObject({ status: 403 })
  })
})
